import { gluParams } from '../../kernels/glu';
import { ACTIVATION_CODES } from '../../kernels/linear';
import type { KernelRun } from './kernel-run';

/** The dispatch's activation: SiLU, or the tanh form of GELU. */
export function activate(run: KernelRun, value: number): number {
  if (run.constant('ACTIVATION') !== ACTIVATION_CODES.gelu) return value / (1 + Math.exp(-value));
  return 0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3)));
}

/** The dispatch's gated linear unit. */
export function gated(run: KernelRun, gate: number, up: number): number {
  if (run.constant('ACTIVATION') !== ACTIVATION_CODES['swiglu-oai']) return activate(run, gate) * up;
  const clamped = Math.min(gate, 7);
  return (clamped / (1 + Math.exp(-1.702 * clamped))) * (Math.min(7, Math.max(-7, up)) + 1);
}

export function runGlu(run: KernelRun): void {
  const { size, yStride, yOffset } = gluParams.decode(run.dispatch.params);
  const [, rows] = run.grid;
  for (let row = 0; row < rows; row++) {
    const gate = run.memory(0).floats(row * 2 * size, size);
    const up = run.memory(0).floats(row * 2 * size + size, size);
    const y = run.memory(1).floats(row * yStride + yOffset, size);
    for (let k = 0; k < size; k++) y[k] = gated(run, gate[k] ?? 0, up[k] ?? 0);
  }
}
