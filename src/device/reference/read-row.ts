import { UNIT_ELEMENTS } from '../../kernels/weight-matrix';
import type { KernelRun } from './kernel-run';
import { normedRow } from './rmsnorm';

/** A row of x as a linear layer of decode reads it: normed and rounded where its shape does that; `norm` is the buffer of the weights. */
export function readRow(run: KernelRun, x: Float32Array, norm: number, epsilon: number): Float32Array {
  const row = normedRow(run, x, norm, epsilon);
  return run.dispatch.shader.endsWith('_int8') ? inBytes(row) : row;
}

/** Of each unit, multiples of a 127th of the largest. */
function inBytes(row: Float32Array): Float32Array {
  const rounded = new Float32Array(row.length);
  for (let from = 0; from < row.length; from += UNIT_ELEMENTS) {
    const unit = row.subarray(from, from + UNIT_ELEMENTS);
    const scale = unit.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    if (scale > 0)
      rounded.set(
        unit.map((value) => Math.round(value / scale) * scale),
        from,
      );
  }
  return rounded;
}
