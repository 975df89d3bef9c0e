// How the HIP kernels are compiled: which files make a code object, and with which arguments. A code object is one compilation of
// many files of native-bridge/kernels: `core` of the kernels that take no block format, and one a block format of those that do.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SetupError } from './command.mjs';
import { ROOT } from './paths.mjs';

export const KERNELS_FOLDER = join(ROOT, 'native-bridge/kernels');
export const SIMULATOR_FOLDER = join(ROOT, 'native-bridge/sim');

/** GPUs that there are code objects for, by LLVM's names. `sim` is none of them: a shared object for this host. */
export const TARGETS = /** @type {const} */ ([
  'gfx906',
  'gfx90a',
  'gfx942',
  'gfx1010',
  'gfx1030',
  'gfx1100',
  'gfx1103',
  'gfx1151',
  'gfx1200',
  'gfx1201',
]);

/** The unit of kernels that take no block format. */
const CORE = 'core';

/** What makes the text of an operation one that is compiled for each block format. */
const FORMAT_HEADER = 'lib/format.h';

/** No search paths but ours, no name of this folder, no version of the compiler in what it writes. */
const COMMON = [
  '-std=c++20',
  '-ffp-contract=off',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-ident',
  '-Wall',
  '-Werror',
  '-Wdouble-promotion',
  '-Wno-unused-function',
  '-Wno-unused-const-variable',
  '-Wno-pass-failed',
  '-I.',
];

/** For GPUs, but for which one. */
const DEVICE = [
  ...['-x', 'hip', '-O3', '--cuda-device-only', '--no-gpu-bundle-output'],
  ...['-nogpuinc', '-nogpulib', '-mcode-object-version=5', '-fuse-cuid=none'],
];

/** For the simulator. Memory that ends at a forbidden page begins at any word, and vectors in it too. */
const SIMULATED = ['-x', 'c++', '-O1', '-march=native', '-fmax-type-align=4', '-fPIC', '-fvisibility=hidden'];

/** @param {string} folder of the kernels @param {string} name of a folder in it @returns {Promise<string[]>} its kernels' files, in order */
async function hipFiles(folder, name) {
  const files = await readdir(join(folder, name));
  return files.filter((file) => file.endsWith('.hip')).sort();
}

/** @returns {Promise<string[]>} every unit: `core`, and the block formats by their modules' names */
export async function unitsOf() {
  return [CORE, ...(await hipFiles(KERNELS_FOLDER, 'quant')).map((file) => file.slice(0, -'.hip'.length))];
}

/**
 * A file's text and those of all files that it includes, by path.
 * @param {string} folder @param {string} file @param {Map<string, string>} [seen]
 */
async function textsOf(folder, file, seen = new Map()) {
  if (seen.has(file)) return seen;
  const text = await readFile(join(folder, file), 'utf8');
  seen.set(file, text);
  for (const [, name = ''] of text.matchAll(/^#include "([^"]+)"/gm)) {
    await textsOf(folder, join(dirname(file), name), seen);
  }
  return seen;
}

/** The operations of a unit, by the names of their files. @param {string} unit @param {string} [folder] @returns {Promise<string[]>} */
export async function opsOf(unit, folder = KERNELS_FOLDER) {
  const ops = [];
  for (const file of await hipFiles(folder, 'ops')) {
    const takesFormat = (await textsOf(folder, `ops/${file}`)).has(FORMAT_HEADER);
    if (takesFormat === (unit !== CORE)) ops.push(file.slice(0, -'.hip'.length));
  }
  return ops;
}

/**
 * The files that a unit is compiled from: what they include comes with them.
 * @param {string} unit @param {string} [op] its kernels alone @param {string} [folder]
 * @returns {Promise<string[]>}
 */
async function filesOf(unit, op, folder = KERNELS_FOLDER) {
  const kv = (await hipFiles(folder, 'kv')).map((file) => `kv/${file}`);
  const format = unit === CORE ? [] : [`quant/${unit}.hip`];
  const ops = op === undefined ? await opsOf(unit, folder) : [op];
  return ['prelude.h', ...format, ...kv, ...ops.map((name) => `ops/${name}.hip`)];
}

/**
 * A hash of all that a unit is compiled from, for the simulator or for GPUs.
 * @param {{ unit: string, op?: string, folder?: string, simulated: boolean }} what
 * @returns {Promise<string>}
 */
export async function textHash({ unit, op, folder = KERNELS_FOLDER, simulated }) {
  const unused = simulated ? 'target/amdgpu.h' : 'target/sim.h';
  /** @type {Map<string, string>} */
  const texts = new Map([[unused, '']]);
  for (const file of await filesOf(unit, op, folder)) await textsOf(folder, file, texts);
  const hash = createHash('sha256').update(JSON.stringify([...COMMON, ...(simulated ? SIMULATED : DEVICE)]));
  for (const [path, text] of texts) hash.update(`${path}\0${text}\0`);
  return hash.digest('hex').slice(0, 16);
}

/**
 * Compiles a unit. Throws a `SetupError` with what the compiler says.
 * @param {object} what
 * @param {string} what.clang the compiler
 * @param {string} what.unit
 * @param {string} what.target one of `TARGETS`, or `sim`
 * @param {string} what.output the file that it becomes
 * @param {string} [what.op] the unit's kernels of that file of ops/ alone
 * @param {string} [what.folder] with the kernels; for tests of mistakes in copies
 * @param {string} [what.text] instead of the unit's own: what is included
 * @param {boolean} [what.isPart] for the simulator: a part of a unit, for `linkSimulated`
 */
export async function compileUnit({ clang, unit, op, target, output, folder = KERNELS_FOLDER, text, isPart = false }) {
  await mkdir(dirname(output), { recursive: true });
  const specific =
    target === 'sim' ? [...SIMULATED, isPart ? '-c' : '-shared'] : [...DEVICE, `--offload-arch=${target}`];
  const args = [...specific, ...COMMON, `-ffile-prefix-map=${folder}=.`, '-o', output, '-'];
  const includes = text ?? (await filesOf(unit, op, folder)).map((path) => `#include "${path}"\n`).join('');
  await compile(clang, args, folder, includes, `${unit} for ${target}`);
}

/** Makes a code object for the simulator of parts. @param {{ clang: string, lld: string, parts: readonly string[], output: string }} what */
export async function linkSimulated({ clang, lld, parts, output }) {
  await compile(clang, ['-shared', `--ld-path=${lld}`, '-o', output, ...parts], KERNELS_FOLDER, '', 'a code object');
}

/** Compiles the stand-in for libamdhip64. @param {{ clang: string, output: string }} what */
export async function compileSimulator({ clang, output }) {
  await mkdir(dirname(output), { recursive: true });
  const sources = (await readdir(SIMULATOR_FOLDER)).filter((file) => file.endsWith('.cpp')).sort();
  const args = ['-std=c++20', '-O2', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared', '-fvisibility=hidden'];
  await compile(clang, [...args, '-o', output, ...sources], SIMULATOR_FOLDER, '', 'the simulator');
}

/** @param {string} clang @param {readonly string[]} args @param {string} cwd @param {string} input @param {string} what */
async function compile(clang, args, cwd, input, what) {
  const { failed, said } = await new Promise((resolve) => {
    const child = execFile(clang, args, { cwd, maxBuffer: 2 ** 26 }, (error, _stdout, stderr) =>
      resolve({ failed: error !== null, said: stderr || (error?.message ?? '') }),
    );
    child.stdin?.end(input);
  });
  if (failed) throw new SetupError(`${what} does not compile:\n${said}`);
}
