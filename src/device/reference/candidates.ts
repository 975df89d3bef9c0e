import { divideUp } from '../../base/units';
import { argmaxParams, NAN_KEY, SLICE, TOP_K, topkParams } from '../../kernels/candidates';
import type { KernelRun } from './kernel-run';

interface Candidate {
  readonly key: number;
  readonly id: number;
}

/** What stands where there are fewer candidates than are kept. */
const NONE: Candidate = { key: 0, id: 0xffffffff };

export function runArgmax(run: KernelRun): void {
  const { size, first, last } = argmaxParams.decode(run.dispatch.params);
  const slices = divideUp(size, SLICE);
  for (let output = 0; output < run.rows; output++) {
    for (let slice = 0; slice < slices; slice++) {
      const begin = slice * SLICE;
      const count = Math.min(SLICE, size - begin);
      const all = readCandidates(run, output * size + begin, count, first === 1 ? begin : null);
      write(run.memory(1), output * slices + slice, best(all, 1));
    }
    if (last !== 1) continue;
    const slot = run.step.slot(run.step.outputRow(output));
    run.memory(2).words(slot, 1)[0] = run.memory(1).word(output * 2 + 1);
  }
}

export function runTopkChunks(run: KernelRun): void {
  const { size, chunk } = topkParams.decode(run.dispatch.params);
  const chunks = divideUp(size, chunk);
  for (let output = 0; output < run.rows; output++) {
    for (let i = 0; i < chunks; i++) {
      const count = Math.min(chunk, size - i * chunk);
      const all = readCandidates(run, output * size + i * chunk, count, i * chunk);
      write(run.memory(1), output * chunks + i, best(all, 1));
    }
  }
}

export function runTopkWinners(run: KernelRun): void {
  const { size, chunk } = topkParams.decode(run.dispatch.params);
  const chunks = divideUp(size, chunk);
  for (let output = 0; output < run.rows; output++) {
    const winners = best(readCandidates(run, output * chunks, chunks, null), TOP_K);
    run
      .memory(1)
      .words(output * TOP_K, winners.length)
      .set(winners.map(({ id }) => Math.floor(id / chunk)));
  }
}

export function runTopk(run: KernelRun): void {
  const { size, chunk } = topkParams.decode(run.dispatch.params);
  const count = Math.min(TOP_K, divideUp(size, chunk));
  for (let output = 0; output < run.rows; output++) {
    const winners = run.memory(1).words(output * TOP_K, count);
    const all = Array.from(winners, (winner) => {
      const begin = winner * chunk;
      return readCandidates(run, output * size + begin, Math.min(chunk, size - begin), begin);
    });
    const kept = best(all.flat(), TOP_K);
    while (kept.length < TOP_K) kept.push(NONE);
    write(run.memory(2), output * TOP_K, kept);
  }
}

function best(candidates: readonly Candidate[], keep: number): Candidate[] {
  return [...candidates].sort((a, b) => b.key - a.key || a.id - b.id).slice(0, keep);
}

function write(memory: ReturnType<KernelRun['memory']>, at: number, candidates: readonly Candidate[]): void {
  memory.words(at * 2, candidates.length * 2).set(candidates.flatMap(({ key, id }) => [key, id]));
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
