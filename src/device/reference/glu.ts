import { gluParams } from '../../kernels/glu';
import { ACTIVATION_CODES } from '../../kernels/linear';
import type { KernelRun } from './kernel-run';

/** The dispatch's activation: SiLU, or the tanh form of GELU. */
export function activate(run: KernelRun, value: number): number {
  if (run.constant('ACTIVATION') !== ACTIVATION_CODES.gelu) return value / (1 + Math.exp(-value));
  return 0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3)));
}

export function runGlu(run: KernelRun): void {
  const { size, yStride, yOffset } = gluParams.decode(run.dispatch.params);
  for (let row = 0; row < run.rows; row++) {
    const gate = run.memory(0).floats(row * 2 * size, size);
    const up = run.memory(0).floats(row * 2 * size + size, size);
    const y = run.memory(1).floats(row * yStride + yOffset, size);
    for (let k = 0; k < size; k++) y[k] = activate(run, gate[k] ?? 0) * (up[k] ?? 0);
  }
}
