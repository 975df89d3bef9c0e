// Whether the compiler makes of the kernels what was published.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { ensureClang } from './clang.mjs';
import { compileUnit, TARGETS, unitsOf } from './hip-build.mjs';
import { inspectObject } from './hip-inspect.mjs';
import { factsOf, readManifest } from './hip-manifest.mjs';
import { objectHash } from './hip-objects.mjs';
import { inParallel } from './in-parallel.mjs';
import { ROOT } from './paths.mjs';

const exec = promisify(execFile);

/** @typedef {{ readonly target: string, readonly unit: string }} ObjectName */

/**
 * Every unit once and every GPU. As many turns as there are GPUs have each unit for each GPU. Needs as many units as GPUs.
 * @param {readonly string[]} units @param {readonly string[]} targets @param {number} turn @returns {ObjectName[]}
 */
export function coverOf(units, targets, turn) {
  return units.map((unit, i) => ({ unit, target: targets[(i + turn) % targets.length] ?? '' }));
}

/** @param {readonly string[]} units @param {readonly string[]} targets @returns {ObjectName[]} */
export function allOf(units, targets) {
  return targets.flatMap((target) => units.map((unit) => ({ target, unit })));
}

/**
 * Which turn it is: another for another commit, the same whenever that is tested again.
 * @param {string} commit its name in hexadecimal; whatever else is 0 @param {number} turns @returns {number}
 */
export function turnOf(commit, turns) {
  return (Number.parseInt(commit.slice(0, 8), 16) || 0) % turns;
}

/** The commit that is tested; empty where there is no repository. @returns {Promise<string>} */
export async function testedCommit() {
  return await exec('git', ['rev-parse', 'HEAD'], { cwd: ROOT }).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
}

/**
 * Makes the code objects of one turn after the other anew, the one of `first` in any case and the others until it is late.
 * @param {object} what
 * @param {number} what.first the turn to begin with
 * @param {() => boolean} what.isLate asked before each other turn
 * @param {(names: readonly ObjectName[]) => Promise<readonly string[]>} what.problemsOf
 * @returns {Promise<{ compared: number, all: number, problems: string[] }>}
 */
export async function checkTurns({ first, isLate, problemsOf }) {
  const units = await unitsOf();
  /** @type {string[]} */
  const problems = [];
  let compared = 0;
  for (let i = 0; i < TARGETS.length && (i === 0 || !isLate()); i++) {
    const names = coverOf(units, TARGETS, first + i);
    problems.push(...(await problemsOf(names)));
    compared += names.length;
  }
  return { compared, all: units.length * TARGETS.length, problems };
}

/**
 * Compiles code objects anew and keeps none. Returns how they differ from the published ones, a line each.
 * @param {readonly ObjectName[]} names @param {AbortSignal} signal @param {string} [text] instead of what they are made of
 * @returns {Promise<string[]>}
 */
export async function compareObjects(names, signal, text) {
  const [programs, manifest] = await Promise.all([ensureClang(signal), readManifest()]);
  const folder = await mkdtemp(join(tmpdir(), 'forgelight-hip-'));
  /** @type {string[]} */
  const found = [];
  try {
    await inParallel(names, async ({ target, unit }) => {
      signal.throwIfAborted();
      const output = join(folder, `${target}-${unit}`);
      await compileUnit({ clang: programs.clang, unit, target, output, ...(text === undefined ? {} : { text }) });
      found.push(...(await checkObject(programs, manifest, { target, unit }, output)));
      await rm(output);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return found;
}

/**
 * How a code object differs from the published one, a line each.
 * @param {import('./clang.mjs').Clang} programs @param {import('./hip-manifest.mjs').Manifest} manifest
 * @param {ObjectName} name @param {string} file what the compiler has made
 * @returns {Promise<string[]>}
 */
async function checkObject(programs, manifest, { target, unit }, file) {
  const { facts, problems } = await inspectObject(programs, file);
  const isSame = objectHash(await readFile(file)) === manifest.objects[target]?.[unit];
  const found = [
    ...(isSame ? [] : ['has another hash than in native-bridge/kernels/manifest.json']),
    ...differences(facts, factsOf(manifest, target, unit)),
    ...problems,
  ];
  return found.map((problem) => `${target}/${unit} ${problem}`);
}

/** What is in it, and what the manifest says of it. @param {import('./hip-inspect.mjs').ObjectFacts} facts @param {import('./hip-inspect.mjs').ObjectFacts | undefined} told */
function differences(facts, told) {
  if (told === undefined) return ['is not in the manifest'];
  return Object.entries(facts).flatMap(([name, value]) => {
    const other = Object.entries(told).find(([key]) => key === name)?.[1];
    if (isDeepStrictEqual(value, other)) return [];
    return [`has ${name} ${JSON.stringify(value)}, by the manifest ${JSON.stringify(other)}`];
  });
}

/** What to do about them. @param {readonly string[]} problems @returns {string[]} */
export function withRemedy(problems) {
  if (problems.length === 0) return [];
  return [
    ...problems,
    'After a change of the kernels "node scripts/hip.mjs --manifest" makes their code objects and the manifest anew.',
  ];
}
