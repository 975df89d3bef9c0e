import { POOLING_CODES, poolParams } from '../../kernels/pool';
import type { KernelRun } from './kernel-run';

export function runPool(run: KernelRun): void {
  const { hidden } = poolParams.decode(run.dispatch.params);
  const pooling = run.constant('POOLING');
  const { rowCount } = run.step;
  const from = pooling === POOLING_CODES.last ? rowCount - 1 : 0;
  const to = pooling === POOLING_CODES.first ? 1 : rowCount;
  const sums = new Float64Array(hidden);
  for (let row = from; row < to; row++) {
    const x = run.memory(0).floats(row * hidden, hidden);
    x.forEach((value, k) => (sums[k] = (sums[k] ?? 0) + value));
  }
  run
    .memory(1)
    .floats(0, hidden)
    .set(sums.map((sum) => sum / (to - from)));
}
