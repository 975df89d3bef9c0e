// What clang made of the kernels, as the code objects themselves say it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);
/** Disassembly of a whole unit is some megabytes. */
const maxBuffer = 2 ** 28;

/**
 * @typedef {object} KernelFacts
 * @property {string} name
 * @property {{ size: number, offset: number, kind: string }[]} args
 * @property {number} spills registers of either kind that had no room
 * @property {number} privateBytes memory of a thread: arrays that did not become registers
 * @property {number} workgroupBytes
 * @property {number} threads
 */

/**
 * What a code object is held to, as the manifest has it.
 * @typedef {object} ObjectFacts
 * @property {number} spills registers that had no room, of all its kernels
 * @property {number} privateBytes memory of a thread, of all its kernels
 * @property {string} dot its instructions for products of bytes, with spaces between them
 * @property {string} anyMemory those for addresses of which nobody knows whose they are, and for a thread's own memory
 * @property {Record<string, string>} kernels by name the threads of a workgroup and the arguments: bytes of those by value, the number of buffers in a
 *   row, other kinds by name
 */

/** One number of a kernel's metadata. @param {string} text @param {string} key */
function numberOf(text, key) {
  return Number(new RegExp(`^ +(?:- )?\\.${key}: +(\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
}

/** @param {string} readelf the program @param {string} file a code object @returns {Promise<KernelFacts[]>} */
async function kernelFacts(readelf, file) {
  const { stdout } = await exec(readelf, ['--notes', file], { maxBuffer });
  const [, list = ''] = stdout.split(/amdhsa\.(?:kernels|target):/);
  return list
    .split(/^ {2}- /m)
    .slice(1)
    .map((text) => {
      const kernel = `    ${text}`;
      const args = /\.args:\n([^]*?)^ {4}\./m.exec(kernel)?.[1] ?? '';
      return {
        name: /^ {4}\.name: +(\w+)$/m.exec(kernel)?.[1] ?? '',
        args: args
          .split(/^ {6}- /m)
          .slice(1)
          .map((arg) => ({
            size: numberOf(`      ${arg}`, 'size'),
            offset: numberOf(`      ${arg}`, 'offset'),
            kind: /\.value_kind: +(\w+)/.exec(arg)?.[1] ?? '',
          })),
        spills: numberOf(kernel, 'sgpr_spill_count') + numberOf(kernel, 'vgpr_spill_count'),
        privateBytes: numberOf(kernel, 'private_segment_fixed_size'),
        workgroupBytes: numberOf(kernel, 'group_segment_fixed_size'),
        threads: numberOf(kernel, 'max_flat_workgroup_size'),
      };
    });
}

/** What is wrong with a code object's kernels, a line each. @param {KernelFacts[]} kernels */
function kernelProblems(kernels) {
  return kernels.flatMap(({ name, spills, privateBytes, args }) => [
    ...(spills === 0 ? [] : [`${name} spills ${spills} registers`]),
    ...(privateBytes === 0 ? [] : [`${name} has ${privateBytes} bytes of private memory`]),
    ...(args.some(({ kind }) => kind.startsWith('hidden')) ? [`${name} asks for hidden arguments`] : []),
  ]);
}

/** @param {import('./clang.mjs').Clang} programs @param {string} file a code object @returns {Promise<{ facts: ObjectFacts, problems: string[] }>} */
export async function inspectObject(programs, file) {
  const [kernels, instructions] = await Promise.all([
    kernelFacts(programs.readelf, file),
    instructionsOf(programs.objdump, file),
  ]);
  const names = [...instructions.keys()].sort();
  const anyMemory = names.filter((name) => /^(?:flat|scratch)_/.test(name));
  const sum = (/** @type {'spills' | 'privateBytes'} */ key) => kernels.reduce((total, each) => total + each[key], 0);
  const sorted = kernels.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const facts = {
    spills: sum('spills'),
    privateBytes: sum('privateBytes'),
    dot: names.filter((name) => name.startsWith('v_dot')).join(' '),
    anyMemory: anyMemory.join(' '),
    kernels: Object.fromEntries(
      sorted.map(({ name, threads, args }) => [name, `${threads} threads: ${argumentsText(args)}`]),
    ),
  };
  return { facts, problems: [...kernelProblems(kernels), ...anyMemory.map((name) => `uses ${name}`)] };
}

/** "24, 4 buffers, 8". @param {KernelFacts['args']} args */
function argumentsText(args) {
  /** @type {string[]} */
  const parts = [];
  let buffers = 0;
  const endBuffers = () => {
    if (buffers > 0) parts.push(`${buffers} buffers`);
    buffers = 0;
  };
  for (const { kind, size } of args) {
    if (kind === 'global_buffer') buffers += 1;
    else {
      endBuffers();
      parts.push(kind === 'by_value' ? String(size) : kind);
    }
  }
  endBuffers();
  return parts.join(', ');
}

/** Instructions of a code object, by name, how often. @param {string} objdump the program @param {string} file */
async function instructionsOf(objdump, file) {
  const { stdout } = await exec(objdump, ['-d', '--no-show-raw-insn', file], { maxBuffer });
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const [, name = ''] of stdout.matchAll(/^\t(\w+)/gm)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
