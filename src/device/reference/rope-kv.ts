import { ropeKvParams } from '../../kernels/rope-kv';
import type { KernelRun } from './kernel-run';
import { KvCacheMemory } from './kv-cache-memory';

export function runRopeKv(run: KernelRun): void {
  const { heads, pairs, table, halves, vPlane, pool } = ropeKvParams.decode(run.dispatch.params);
  const cache = new KvCacheMemory(run, vPlane, pool);
  const { kvHeads, headSize } = cache;
  for (let row = 0; row < run.rows; row++) {
    const cosSin = pairs === 0 ? new Float32Array(0) : run.step.cosSin(row, table, pairs);
    for (let head = 0; head < heads + 2 * kvHeads; head++) {
      const values = run.memory(0).floats((row * (heads + 2 * kvHeads) + head) * headSize, headSize);
      const isValue = head >= heads + kvHeads;
      const turned = isValue ? values : rotate(values, cosSin, halves === 1);
      if (head < heads)
        run
          .memory(1)
          .floats((row * heads + head) * headSize, headSize)
          .set(turned);
      else cache.store(isValue ? 'value' : 'key', row, (head - heads) % kvHeads, turned);
    }
  }
}

/** A copy with its first `cosSin.length` elements rotated in pairs: halves (i, i + pairs) or neighbours (2i, 2i + 1). */
export function rotate(values: Float32Array, cosSin: Float32Array, halves: boolean): Float32Array {
  const turned = values.slice();
  const pairs = cosSin.length / 2;
  for (let i = 0; i < pairs; i++) {
    const a = halves ? i : 2 * i;
    const b = halves ? i + pairs : 2 * i + 1;
    const [cos, sin, u, v] = [cosSin[2 * i] ?? 0, cosSin[2 * i + 1] ?? 0, values[a] ?? 0, values[b] ?? 0];
    turned[a] = u * cos - v * sin;
    turned[b] = u * sin + v * cos;
  }
  return turned;
}
