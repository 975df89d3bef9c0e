import { swigluParams } from '../../kernels/swiglu';
import type { KernelRun } from './kernel-run';

export function silu(value: number): number {
  return value / (1 + Math.exp(-value));
}

export function runSwiglu(run: KernelRun): void {
  const { size } = swigluParams.decode(run.dispatch.params);
  for (let row = 0; row < run.rows; row++) {
    const gate = run.memory(0).floats(row * 2 * size, size);
    const up = run.memory(0).floats(row * 2 * size + size, size);
    const y = run.memory(1).floats(row * size, size);
    for (let k = 0; k < size; k++) y[k] = silu(gate[k] ?? 0) * (up[k] ?? 0);
  }
}
