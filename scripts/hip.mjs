// Compiles the HIP kernels into dist/bin/hip, packed: `node scripts/hip.mjs [GPUs or units …]`, nothing named: all of them. What is there already is
// left alone. Each object must have the hash of native-bridge/kernels/manifest.json; `--manifest` writes the hashes instead, after a change of the
// kernels, and `--check` compiles all of it anew and keeps nothing. All of it takes a core half an hour.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { ensureClang } from './lib/clang.mjs';
import { runScript, SetupError } from './lib/command.mjs';
import { compileUnit, TARGETS, textHash, unitsOf } from './lib/hip-build.mjs';
import { kernelFacts, kernelProblems } from './lib/hip-inspect.mjs';
import { MANIFEST_FILE, readManifest, writeManifest } from './lib/hip-manifest.mjs';
import { BIN_FOLDER } from './lib/paths.mjs';

const FOLDER = join(BIN_FOLDER, 'hip');
const pack = promisify(brotliCompress);

/**
 * Left as they are: rows of x come into scalar registers faster than they are used, and what does not fit goes into lanes of vector registers; of the last
 * one two words go into memory. The probe measures this shape against `matmul_tile`, which has none.
 */
const KNOWN_SPILLS = [
  'gfx942/bf16: matmul_rows ',
  'gfx90a/bf16: matmul_rows ',
  'gfx90a/tq1_0: matmul_rows ',
  'gfx906/iq2_xxs: matmul_rows ',
];

await runScript(async (signal) => {
  const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
  const named = process.argv.slice(2).filter((word) => !word.startsWith('--'));
  const [units, manifest] = await Promise.all([unitsOf(), readManifest()]);
  checkWords(options, named, units);
  const writes = options.includes('--manifest');
  const checks = options.includes('--check');
  const programs = await ensureClang(signal);
  const work = await mkdtemp(join(tmpdir(), 'forgelight-hip-'));
  /** @type {string[]} */
  const problems = [];
  try {
    const jobs = chosen(TARGETS, named).flatMap((target) => chosen(units, named).map((unit) => ({ target, unit })));
    await inParallel(jobs, async ({ target, unit }) => {
      signal.throwIfAborted();
      const place = join(FOLDER, target, `${unit}.co.br`);
      const sources = await textHash({ unit, simulated: false });
      const wanted = writes && manifest.sources[unit] !== sources ? undefined : manifest.objects[target]?.[unit];
      if (!checks && wanted !== undefined && existsSync(place)) return;
      const output = join(work, `${target}-${unit}`);
      await compileUnit({ clang: programs.clang, unit, target, output });
      const faults = kernelProblems(await kernelFacts(programs.readelf, output));
      const unknown = faults.filter(
        (fault) => !KNOWN_SPILLS.some((known) => `${target}/${unit}: ${fault}`.startsWith(known)),
      );
      problems.push(...unknown.map((fault) => `${target}/${unit}: ${fault}`));
      const bytes = await readFile(output);
      await rm(output);
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (writes) {
        (manifest.objects[target] ??= {})[unit] = hash;
        manifest.sources[unit] = sources;
        await writeManifest(manifest);
      } else if (hash !== manifest.objects[target]?.[unit]) problems.push(`${target}/${unit} has another hash`);
      console.log(`${target}/${unit} ${(bytes.length / 1024).toFixed(0)} KiB`);
      if (checks) return;
      await mkdir(dirname(place), { recursive: true });
      await writeFile(place, await pack(bytes));
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  if (!checks) await writeFile(join(FOLDER, 'manifest.json'), await readFile(MANIFEST_FILE));
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? 0 : 1;
});

/** @param {readonly string[]} options @param {readonly string[]} named @param {readonly string[]} units */
function checkWords(options, named, units) {
  const targets = /** @type {readonly string[]} */ (TARGETS);
  const unknown =
    named.find((name) => !units.includes(name) && !targets.includes(name)) ??
    options.find((option) => option !== '--manifest' && option !== '--check');
  if (unknown === undefined) return;
  throw new SetupError(
    `"${unknown}" is neither a GPU (${targets.join(', ')}) nor a unit (${units.join(', ')}), nor --manifest or --check.`,
  );
}

/** Those that are named; all where none of them is. @param {readonly string[]} all @param {readonly string[]} named */
function chosen(all, named) {
  const some = all.filter((name) => named.includes(name));
  return some.length === 0 ? all : some;
}

/** As many at once as there are cores. @template T @param {readonly T[]} jobs @param {(job: T) => Promise<void>} run */
async function inParallel(jobs, run) {
  const left = [...jobs];
  const worker = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await run(job);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
