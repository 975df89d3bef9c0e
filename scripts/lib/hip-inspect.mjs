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

/** One number of a kernel's metadata. @param {string} text @param {string} key */
function numberOf(text, key) {
  return Number(new RegExp(`^ +(?:- )?\\.${key}: +(\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
}

/** @param {string} readelf the program @param {string} file a code object @returns {Promise<KernelFacts[]>} */
export async function kernelFacts(readelf, file) {
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
export function kernelProblems(kernels) {
  return kernels.flatMap(({ name, spills, privateBytes, args, threads }) => [
    ...(spills === 0 ? [] : [`${name} spills ${spills} registers`]),
    ...(privateBytes === 0 ? [] : [`${name} has ${privateBytes} bytes of private memory`]),
    ...(args.some(({ kind }) => kind.startsWith('hidden')) ? [`${name} asks for hidden arguments`] : []),
    ...(threads === 64 ? [] : [`${name} has workgroups of ${threads} threads`]),
  ]);
}

/** Instructions of a code object, by name, how often. @param {string} objdump the program @param {string} file */
export async function instructionsOf(objdump, file) {
  const { stdout } = await exec(objdump, ['-d', '--no-show-raw-insn', file], { maxBuffer });
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const [, name = ''] of stdout.matchAll(/^\t(\w+)/gm)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
