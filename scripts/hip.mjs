// Compiles the HIP kernels into dist/bin/hip, packed: `node scripts/hip.mjs [GPUs or units …]`, nothing named: all of them. What is there already is
// left alone. Each object must have the hash of native-bridge/kernels/manifest.json; `--manifest` writes the hashes instead, and what is in the
// objects, of units whose text has changed, and `--check` compiles all of it anew and keeps nothing.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureClang } from './lib/clang.mjs';
import { runScript, SetupError } from './lib/command.mjs';
import { compileUnit, TARGETS, textHash, unitsOf } from './lib/hip-build.mjs';
import { allOf, compareObjects, withRemedy } from './lib/hip-check.mjs';
import { inspectObject } from './lib/hip-inspect.mjs';
import { addObject, factsOf, forgetChanged, readManifest, writeManifest } from './lib/hip-manifest.mjs';
import { installedObjects, objectHash, readObject, writeInstalled, writeObject } from './lib/hip-objects.mjs';
import { inParallel } from './lib/in-parallel.mjs';
import { BIN_FOLDER } from './lib/paths.mjs';

const FOLDER = join(BIN_FOLDER, 'hip');

/** @typedef {import('./lib/hip-manifest.mjs').Manifest} Manifest */
/** @typedef {import('./lib/hip-check.mjs').ObjectName} Job */
/** @typedef {'install' | 'manifest'} Making */
/** @typedef {Making | 'check'} Way */

await runScript(async (signal) => {
  const [units, manifest] = await Promise.all([unitsOf(), readManifest()]);
  const { way, named } = readWords(process.argv.slice(2), units);
  if (way === 'manifest') forgetChanged(manifest, await sourcesOf(units));
  const all = allOf(chosen(units, named), chosen(TARGETS, named));
  const there = way === 'install' ? await installedObjects(FOLDER, manifest.objects) : {};
  const jobs = all.filter(({ target, unit }) => way === 'check' || !isDone(way, manifest, there, target, unit));
  const problems = await (way === 'check' ? compareObjects(jobs, signal) : makeAll(jobs, way, manifest, signal));
  if (way !== 'check') {
    const missing = await writeInstalled(FOLDER, manifest.objects);
    if (missing > 0) console.log(`${missing} code objects are not there.`);
  }
  for (const line of withRemedy(problems)) console.error(line);
  return problems.length === 0 ? 0 : 1;
});

/** @param {Way} way @param {Manifest} manifest @param {Manifest['objects']} there @param {string} target @param {string} unit */
function isDone(way, manifest, there, target, unit) {
  return way === 'install' ? there[target]?.[unit] !== undefined : factsOf(manifest, target, unit) !== undefined;
}

/** @param {readonly Job[]} jobs @param {Making} way @param {Manifest} manifest @param {AbortSignal} signal @returns {Promise<string[]>} what is wrong */
async function makeAll(jobs, way, manifest, signal) {
  if (jobs.length === 0) return [];
  const programs = await ensureClang(signal);
  const work = await mkdtemp(join(tmpdir(), 'forgelight-hip-'));
  /** @type {string[]} */
  const problems = [];
  try {
    await inParallel(jobs, async (job) => {
      signal.throwIfAborted();
      const output = join(work, `${job.target}-${job.unit}`);
      problems.push(...(await make(job, way, manifest, programs, output)));
      await rm(output);
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return problems;
}

/**
 * Compiles a code object, and looks at it where it does not have to be the published one.
 * @param {Job} job @param {Making} way @param {Manifest} manifest @param {import('./lib/clang.mjs').Clang} programs @param {string} output
 * @returns {Promise<string[]>} what is wrong
 */
async function make({ target, unit }, way, manifest, programs, output) {
  const kept = way === 'manifest' ? await keptObject(manifest, target, unit) : null;
  if (kept === null) await compileUnit({ clang: programs.clang, unit, target, output });
  else await writeFile(output, kept);
  const bytes = kept ?? (await readFile(output));
  console.log(`${target}/${unit} ${(bytes.length / 1024).toFixed(0)} KiB`);
  if (kept === null) await writeObject(FOLDER, target, unit, bytes);
  const hash = objectHash(bytes);
  if (way === 'install') {
    return hash === manifest.objects[target]?.[unit] ? [] : [`${target}/${unit} has another hash`];
  }
  const { facts, problems } = await inspectObject(programs, output);
  addObject(manifest, target, unit, hash, facts);
  writeManifest(manifest);
  return problems.map((problem) => `${target}/${unit} ${problem}`);
}

/** A code object that is there and is right need not be compiled to be looked at. @param {Manifest} manifest @param {string} target @param {string} unit */
async function keptObject(manifest, target, unit) {
  const bytes = await readObject(FOLDER, target, unit);
  return bytes !== null && objectHash(bytes) === manifest.objects[target]?.[unit] ? bytes : null;
}

/** @param {readonly string[]} units @returns {Promise<Manifest['sources']>} */
async function sourcesOf(units) {
  const hashes = units.map(async (unit) => [unit, await textHash({ unit, simulated: false })]);
  return Object.fromEntries(await Promise.all(hashes));
}

/** @param {readonly string[]} words @param {readonly string[]} units @returns {{ way: Way, named: string[] }} */
function readWords(words, units) {
  const options = words.filter((word) => word.startsWith('--'));
  const named = words.filter((word) => !word.startsWith('--'));
  const targets = /** @type {readonly string[]} */ (TARGETS);
  const unknown =
    named.find((name) => !units.includes(name) && !targets.includes(name)) ??
    options.find((option) => option !== '--manifest' && option !== '--check');
  if (unknown === undefined) {
    return {
      way: options.includes('--check') ? 'check' : options.includes('--manifest') ? 'manifest' : 'install',
      named,
    };
  }
  throw new SetupError(
    `"${unknown}" is neither a GPU (${targets.join(', ')}) nor a unit (${units.join(', ')}), nor --manifest or --check.`,
  );
}

/** Those that are named; all where none of them is. @param {readonly string[]} all @param {readonly string[]} named */
function chosen(all, named) {
  const some = all.filter((name) => named.includes(name));
  return some.length === 0 ? all : some;
}
