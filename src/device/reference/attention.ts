import { attentionParams } from '../../kernels/attention';
import { dot } from './dot';
import type { KernelRun } from './kernel-run';
import { KvCacheMemory } from './kv-cache-memory';

export function runAttention(run: KernelRun): void {
  const { scale, vPlane } = attentionParams.decode(run.dispatch.params);
  const group = run.constant('GROUP');
  const cache = new KvCacheMemory(run, vPlane);
  const { kvHeads, headSize } = cache;
  for (let row = 0; row < run.rows; row++) {
    const length = run.step.position(row) + 1;
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const keys = Array.from({ length }, (_, position) => cache.load('key', row, kvHead, position));
      const values = Array.from({ length }, (_, position) => cache.load('value', row, kvHead, position));
      for (let h = 0; h < group; h++) {
        const at = ((row * kvHeads + kvHead) * group + h) * headSize;
        const query = run.memory(1).floats(at, headSize);
        run
          .memory(2)
          .floats(at, headSize)
          .set(attend(query, keys, values, scale));
      }
    }
  }
}

/** Σ softmax(scale · q·k) · v over all positions. */
function attend(query: Float32Array, keys: Float32Array[], values: Float32Array[], scale: number): Float64Array {
  const scores = keys.map((key) => scale * dot(query, key));
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
