import { layernormParams } from '../../kernels/layernorm';
import type { KernelRun } from './kernel-run';

export function runLayernorm(run: KernelRun): void {
  const { quads, epsilon } = layernormParams.decode(run.dispatch.params);
  const hidden = quads * 4;
  const weight = run.memory(0).floats(0, hidden);
  const bias = run.memory(1).floats(0, hidden);
  for (let row = 0; row < run.rows; row++) {
    const x = run.memory(2).floats(row * hidden, hidden);
    const mean = x.reduce((sum, value) => sum + value, 0) / hidden;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / hidden;
    const scale = 1 / Math.sqrt(variance + epsilon);
    x.forEach((value, k) => (x[k] = (value - mean) * scale * (weight[k] ?? 0) + (bias[k] ?? 0)));
  }
}
