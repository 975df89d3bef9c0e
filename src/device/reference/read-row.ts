import { f16ToF32, f32ToF16 } from '../../base/f16';
import { UNIT_ELEMENTS } from '../../kernels/weight-matrix';
import type { KernelRun } from './kernel-run';
import { hasNorm, normedRow, normScale } from './rmsnorm';

/** A row of x as a linear layer of decode reads it: normed and rounded where its shape does that; `norm` is the buffer of the weights. */
export function readRow(run: KernelRun, x: Float32Array, norm: number, epsilon: number): Float32Array {
  if (run.dispatch.shader.endsWith('_f16')) return hasNorm(run) ? normedInHalves(run, x, norm, epsilon) : inHalves(x);
  const row = normedRow(run, x, norm, epsilon);
  return run.dispatch.shader.endsWith('_int8') ? inBytes(row) : row;
}

/** As the shaders do: rounded is x times the norm's weights, before the scale of the row, which is none of theirs. */
function normedInHalves(run: KernelRun, x: Float32Array, norm: number, epsilon: number): Float32Array {
  const weight = run.memory(norm).floats(0, x.length);
  const scale = normScale(x, epsilon);
  return inHalves(x.map((value, k) => value * (weight[k] ?? 0))).map((value) => value * scale);
}

/** Halves, of each unit scaled so that the largest lies between 16 and 32. */
function inHalves(row: Float32Array): Float32Array {
  const rounded = new Float32Array(row.length);
  for (let from = 0; from < row.length; from += UNIT_ELEMENTS) {
    const scale = 2 ** (Math.floor(Math.log2(Math.max(largestOf(row, from), 2 ** -100))) - 4);
    for (let k = from; k < from + UNIT_ELEMENTS; k++) rounded[k] = f16ToF32(f32ToF16((row[k] ?? 0) / scale)) * scale;
  }
  return rounded;
}

/** Of each unit, multiples of a 127th of the largest. */
function inBytes(row: Float32Array): Float32Array {
  const rounded = new Float32Array(row.length);
  for (let from = 0; from < row.length; from += UNIT_ELEMENTS) {
    const scale = largestOf(row, from) / 127;
    if (scale === 0) continue;
    for (let k = from; k < from + UNIT_ELEMENTS; k++) rounded[k] = Math.round((row[k] ?? 0) / scale) * scale;
  }
  return rounded;
}

/** Of the magnitudes in the unit that begins at `from`. */
function largestOf(row: Float32Array, from: number): number {
  let largest = 0;
  for (let k = from; k < from + UNIT_ELEMENTS; k++) largest = Math.max(largest, Math.abs(row[k] ?? 0));
  return largest;
}
