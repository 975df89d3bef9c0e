import { divideUp } from '../../base/units';
import { argmaxParams, NAN_KEY, SLICE, TOP_K, topkParams } from '../../kernels/candidates';
import type { KernelRun } from './kernel-run';

interface Candidate {
  readonly key: number;
  readonly id: number;
}

/** What stands where a slice has fewer candidates than are kept. */
const NONE: Candidate = { key: 0, id: 0xffffffff };

export function runArgmax(run: KernelRun): void {
  const { size, first, last } = argmaxParams.decode(run.dispatch.params);
  keepBest(run, size, first === 1, 1);
  if (last !== 1) return;
  for (let output = 0; output < run.rows; output++) {
    const slot = run.step.slot(run.step.outputRow(output));
    run.memory(2).words(slot, 1)[0] = run.memory(1).word(output * 2 + 1);
  }
}

export function runTopk(run: KernelRun): void {
  const { size, first } = topkParams.decode(run.dispatch.params);
  keepBest(run, size, first === 1, TOP_K);
}

/** The `keep` best of every slice of every output, best first. */
function keepBest(run: KernelRun, size: number, first: boolean, keep: number): void {
  const slices = divideUp(size, SLICE);
  for (let output = 0; output < run.rows; output++) {
    for (let slice = 0; slice < slices; slice++) {
      const begin = slice * SLICE;
      const count = Math.min(SLICE, size - begin);
      const best = readCandidates(run, output * size + begin, count, first ? begin : null);
      best.sort((a, b) => b.key - a.key || a.id - b.id);
      const to = run.memory(1).words((output * slices + slice) * keep * 2, keep * 2);
      for (let i = 0; i < keep; i++) {
        const { key, id } = best[i] ?? NONE;
        to.set([key, id], i * 2);
      }
    }
  }
}

/** `firstId`: the input is logits, the first of them this token's; `null`: it is candidates. */
function readCandidates(run: KernelRun, at: number, count: number, firstId: number | null): Candidate[] {
  if (firstId !== null) {
    const bits = run.memory(0).words(at, count);
    return Array.from(bits, (word, i) => ({ key: orderKey(word), id: firstId + i }));
  }
  const words = run.memory(0).words(at * 2, count * 2);
  return Array.from({ length: count }, (_, i) => ({ key: words[2 * i] ?? 0, id: words[2 * i + 1] ?? 0 }));
}

/** As in shaders/lib/order.wgsl: keys order as the floats do, NaN is the greatest, −0 equals 0. */
function orderKey(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return NAN_KEY;
  if (bits >>> 0 === 0x80000000) return 0x80000000;
  return (bits & 0x80000000 ? ~bits : bits | 0x80000000) >>> 0;
}
