import { attentionParams } from '../../kernels/attention';
import { dot } from './dot';
import type { KernelRun } from './kernel-run';
import { KvCacheMemory } from './kv-cache-memory';

export function runAttention(run: KernelRun): void {
  const { scale, vPlane, window, softCap, pool, hasSinks, mutual } = attentionParams.decode(run.dispatch.params);
  const group = run.constant('GROUP');
  const cache = new KvCacheMemory(run, vPlane, pool);
  const { kvHeads, headSize } = cache;
  const sinks = hasSinks === 1 ? run.memory(3).floats(0, kvHeads * group) : null;
  for (let row = 0; row < run.rows; row++) {
    const end = mutual === 1 ? run.step.rowCount : run.step.position(row) + 1;
    const first = window === 0 ? 0 : Math.max(0, end - window);
    const length = end - first;
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const keys = Array.from({ length }, (_, i) => cache.load('key', row, kvHead, first + i));
      const values = Array.from({ length }, (_, i) => cache.load('value', row, kvHead, first + i));
      for (let h = 0; h < group; h++) {
        const head = kvHead * group + h;
        const at = (row * kvHeads * group + head) * headSize;
        const sink = sinks?.[head] ?? -Infinity;
        const query = run.memory(0).floats(at, headSize);
        run
          .memory(1)
          .floats(at, headSize)
          .set(attend(query, keys, values, { scale, softCap, sink }));
      }
    }
  }
}

/**
 * Σ softmax(scale · q·k) · v over all positions given; scores are capped first where `softCap` is not 0. The sink is a
 * score without a value; −∞: none.
 */
function attend(
  query: Float32Array,
  keys: Float32Array[],
  values: Float32Array[],
  { scale, softCap, sink }: { scale: number; softCap: number; sink: number },
): Float64Array {
  const scores = keys.map((key) => {
    const score = scale * dot(query, key);
    return softCap === 0 ? score : softCap * Math.tanh(score / softCap);
  });
  const top = scores.reduce((best, score) => Math.max(best, score), sink);
  const sums = new Float64Array(query.length);
  let total = Math.exp(sink - top);
  values.forEach((value, position) => {
    const weight = Math.exp((scores[position] ?? 0) - top);
    total += weight;
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + weight * (value[i] ?? 0);
  });
  return sums.map((sum) => sum / total);
}
