// How the HIP kernels are compiled: which files make a code object, and with which arguments. A code object is one compilation of
// many files of native-bridge/kernels: `core` of the kernels that take no block format, and one a block format of those that do.
import { execFile } from 'node:child_process';
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
export const CORE = 'core';

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

/** @param {string} folder of native-bridge/kernels @returns {Promise<string[]>} its kernels, in order */
async function hipFiles(folder) {
  const files = await readdir(join(KERNELS_FOLDER, folder));
  return files.filter((file) => file.endsWith('.hip')).sort();
}

/** @returns {Promise<string[]>} every unit: `core`, and the block formats by their modules' names */
export async function unitsOf() {
  return [CORE, ...(await hipFiles('quant')).map((file) => file.slice(0, -'.hip'.length))];
}

/** Every file that a file of the folder includes, itself too. @param {string} file @param {Set<string>} [seen] */
async function includesOf(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = await readFile(join(KERNELS_FOLDER, file), 'utf8');
  for (const [, name = ''] of text.matchAll(/^#include "([^"]+)"/gm)) {
    await includesOf(join(dirname(file), name), seen);
  }
  return seen;
}

/** @param {string} unit @returns {Promise<string>} the text that is compiled: includes alone */
export async function unitText(unit) {
  const ops = await Promise.all(
    (await hipFiles('ops')).map(async (file) => {
      const path = `ops/${file}`;
      return { path, takesFormat: (await includesOf(path)).has(FORMAT_HEADER) };
    }),
  );
  const format = unit === CORE ? [] : [`quant/${unit}.hip`];
  const chosen = ops.filter(({ takesFormat }) => takesFormat === (unit !== CORE)).map(({ path }) => path);
  const kv = (await hipFiles('kv')).map((file) => `kv/${file}`);
  return ['prelude.h', ...format, ...kv, ...chosen].map((path) => `#include "${path}"\n`).join('');
}

/**
 * Compiles a unit. Throws a `SetupError` with what the compiler says.
 * @param {object} what
 * @param {string} what.clang the compiler
 * @param {string} what.unit
 * @param {string} what.target one of `TARGETS`, or `sim`
 * @param {string} what.output the file that it becomes
 * @param {string} [what.text] instead of the unit's own
 * @param {string} [what.folder] with the kernels; for tests of mistakes in copies
 */
export async function compileUnit({ clang, unit, target, output, text, folder = KERNELS_FOLDER }) {
  await mkdir(dirname(output), { recursive: true });
  const specific =
    target === 'sim'
      ? ['-x', 'c++', '-O1', '-march=native', '-shared', '-fPIC', '-fvisibility=hidden']
      : [
          ...['-x', 'hip', '-O3', '--cuda-device-only', '--no-gpu-bundle-output', `--offload-arch=${target}`],
          ...['-nogpuinc', '-nogpulib', '-mcode-object-version=5'],
        ];
  const args = [...specific, ...COMMON, `-ffile-prefix-map=${folder}=.`, '-o', output, '-'];
  await compile(clang, args, folder, text ?? (await unitText(unit)), `${unit} for ${target}`);
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
      resolve({ failed: error !== null, said: stderr }),
    );
    child.stdin?.end(input);
  });
  if (failed) throw new SetupError(`${what} does not compile:\n${said}`);
}
