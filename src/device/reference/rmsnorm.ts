import { headNormParams } from '../../kernels/head-norm';
import { EPILOGUE_CODES } from '../../kernels/linear';
import { rmsnormParams } from '../../kernels/rmsnorm';
import type { KernelRun } from './kernel-run';

export function runRmsnorm(run: KernelRun): void {
  const { quads, epsilon, ofOutputs, scale } = rmsnormParams.decode(run.dispatch.params);
  const adds = run.constant('EPILOGUE') === EPILOGUE_CODES.add;
  const hidden = quads * 4;
  const weight = run.memory(1).floats(0, hidden);
  for (let row = 0; row < run.rows; row++) {
    const from = ofOutputs === 1 ? run.step.outputRow(row) : row;
    const normed = rmsNorm(run.memory(0).floats(from * hidden, hidden), weight, epsilon);
    const y = run.memory(2).floats(row * hidden, hidden);
    normed.forEach((value, k) => (y[k] = (adds ? (y[k] ?? 0) : 0) + scale * value));
  }
}

export function runHeadNorm(run: KernelRun): void {
  const { stride, offset, size, epsilon } = headNormParams.decode(run.dispatch.params);
  const [segments] = run.grid;
  const weight = run.memory(0).floats(0, size);
  for (let row = 0; row < run.rows; row++) {
    for (let segment = 0; segment < segments; segment++) {
      const x = run.memory(1).floats(row * stride + offset + segment * size, size);
      x.set(rmsNorm(x, weight, epsilon));
    }
  }
}

/** A row as the kernel's own norm leaves it, where it has one; `norm` is the buffer of the weights. */
export function normedRow(run: KernelRun, x: Float32Array, norm: number, epsilon: number): Float32Array {
  if (!hasNorm(run)) return x;
  return Float32Array.from(rmsNorm(x, run.memory(norm).floats(0, x.length), epsilon));
}

/** Not every shape can have one. */
export function hasNorm({ dispatch }: KernelRun): boolean {
  return dispatch.constants['NORM'] === 1;
}

/** x · weight / rms(x) */
export function rmsNorm(x: Float32Array, weight: Float32Array, epsilon: number): Float64Array {
  const scale = normScale(x, epsilon);
  const normed = new Float64Array(x.length);
  for (let k = 0; k < x.length; k++) normed[k] = (x[k] ?? 0) * scale * (weight[k] ?? 0);
  return normed;
}

/** 1 / rms(x) */
export function normScale(x: Float32Array, epsilon: number): number {
  let squares = 0;
  for (let k = 0; k < x.length; k++) squares += (x[k] ?? 0) * (x[k] ?? 0);
  return 1 / Math.sqrt(squares / x.length + epsilon);
}
