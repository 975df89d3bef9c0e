import { attentionParams } from '../../kernels/attention';
import { dot } from './dot';
import type { KernelRun } from './kernel-run';
import { KvCacheMemory } from './kv-cache-memory';

export function runAttention(run: KernelRun): void {
  const { scale, vPlane, window, softCap, pool, mutual } = attentionParams.decode(run.dispatch.params);
  const group = run.constant('GROUP');
  const cache = new KvCacheMemory(run, vPlane, pool);
  const { kvHeads, headSize } = cache;
  for (let row = 0; row < run.rows; row++) {
    const end = mutual === 1 ? run.step.rowCount : run.step.position(row) + 1;
    const first = window === 0 ? 0 : Math.max(0, end - window);
    const length = end - first;
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const keys = Array.from({ length }, (_, i) => cache.load('key', row, kvHead, first + i));
      const values = Array.from({ length }, (_, i) => cache.load('value', row, kvHead, first + i));
      for (let h = 0; h < group; h++) {
        const at = ((row * kvHeads + kvHead) * group + h) * headSize;
        const query = run.memory(1).floats(at, headSize);
        run
          .memory(2)
          .floats(at, headSize)
          .set(attend(query, keys, values, scale, softCap));
      }
    }
  }
}

/** Σ softmax(scale · q·k) · v over all positions given; scores are capped first where `softCap` is not 0. */
function attend(
  query: Float32Array,
  keys: Float32Array[],
  values: Float32Array[],
  scale: number,
  softCap: number,
): Float64Array {
  const scores = keys.map((key) => {
    const score = scale * dot(query, key);
    return softCap === 0 ? score : softCap * Math.tanh(score / softCap);
  });
  const top = scores.reduce((best, score) => Math.max(best, score), -Infinity);
  const sums = new Float64Array(query.length);
  let total = 0;
  values.forEach((value, position) => {
    const weight = Math.exp((scores[position] ?? 0) - top);
    total += weight;
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + weight * (value[i] ?? 0);
  });
  return sums.map((sum) => sum / total);
}
