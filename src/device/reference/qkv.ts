import { assert } from '../../base/assert';
import { qkvParams } from '../../kernels/qkv';
import { UNIT_ELEMENTS } from '../../kernels/weight-matrix';
import { dot } from './dot';
import type { KernelRun } from './kernel-run';
import { KvCacheMemory } from './kv-cache-memory';
import { readRow } from './read-row';
import { rotate } from './rope-kv';

export function runQkv(run: KernelRun): void {
  const { heads, kvHeads, headSize, units, plane, pairs, table, vPlane, pool, epsilon } = qkvParams.decode(
    run.dispatch.params,
  );
  const there = run.step.rowCount;
  // Alone, a row does not ask how many there are; a batch does.
  assert(run.constant('BATCH') === 1 || run.rows === there, `qkv runs for all ${there} rows, not ${run.rows}`);
  const columns = units * UNIT_ELEMENTS;
  const source = { memory: run.memory(0), format: run.quantFormat(), columns, sideOffsetBytes: plane * 4 };
  const cache = new KvCacheMemory(run, vPlane, pool, kvHeads, headSize);
  for (let row = 0; row < run.rows; row++) {
    const x = readRow(run, run.memory(1).floats(row * columns, columns), 3, epsilon);
    const cosSin = pairs === 0 ? new Float32Array(0) : run.step.cosSin(row, table, pairs);
    for (let head = 0; head < heads + 2 * kvHeads; head++) {
      // As f32, which is what rope_kv reads.
      const values = Float32Array.from({ length: headSize }, (_, i) =>
        dot(run.weights.row(source, head * headSize + i), x),
      );
      const isValue = head >= heads + kvHeads;
      const turned = isValue ? values : rotate(values, cosSin, false);
      if (head < heads)
        run
          .memory(4)
          .floats((row * heads + head) * headSize, headSize)
          .set(turned);
      else cache.store(isValue ? 'value' : 'key', row, (head - heads) % kvHeads, turned);
    }
  }
}
