import { rmsnormParams } from '../../kernels/rmsnorm';
import type { KernelRun } from './kernel-run';

export function runRmsnorm(run: KernelRun): void {
  const { quads, epsilon, ofOutputs } = rmsnormParams.decode(run.dispatch.params);
  const hidden = quads * 4;
  const weight = run.memory(1).floats(0, hidden);
  for (let row = 0; row < run.rows; row++) {
    const from = ofOutputs === 1 ? run.step.outputRow(row) : row;
    const x = run.memory(0).floats(from * hidden, hidden);
    const y = run.memory(2).floats(row * hidden, hidden);
    const squares = x.reduce((sum, value) => sum + value * value, 0);
    const scale = 1 / Math.sqrt(squares / hidden + epsilon);
    for (let k = 0; k < hidden; k++) y[k] = (x[k] ?? 0) * scale * (weight[k] ?? 0);
  }
}
