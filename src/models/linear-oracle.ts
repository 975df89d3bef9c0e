import { f16ToF32, f32ToF16 } from '../base/f16';

/** A linear layer whose results lie in a part of y. */
export interface LinearResult {
  readonly weights: Float32Array; // [rows × columns]
  readonly x: Float32Array | Float64Array; // [tokens × columns]
  readonly y: Float32Array; // [tokens × yStride]
  readonly rows: number;
  readonly columns: number;
  readonly tokens: number;
  readonly yStride: number;
  readonly yOffset: number;
  /** What a value of x may be off by where two roundings to bytes disagree; 0 if not given. */
  readonly quantum?: number;
  /** Weights and x are halves, and so are sums of four products. */
  readonly inHalves?: boolean;
}

/** Values in a row of x that share a scale. */
const UNIT = 32;
/** Of the values that a row of y sums, so many may lie so near the middle of two bytes that devices disagree. */
const TIES = 2;

/** x as bytes are: of 32 values each is rounded to a multiple of a 127th of the largest. `quantum`: the largest such multiple. */
export function roundedToBytes(x: Float32Array | Float64Array): { readonly x: Float64Array; readonly quantum: number } {
  const rounded = new Float64Array(x.length);
  let quantum = 0;
  for (let from = 0; from < x.length; from += UNIT) {
    const unit = x.subarray(from, from + UNIT);
    const scale = Math.max(...unit.map(Math.abs)) / 127;
    unit.forEach((value, k) => (rounded[from + k] = scale === 0 ? 0 : Math.round(value / scale) * scale));
    quantum = Math.max(quantum, scale);
  }
  return { x: rounded, quantum };
}

/** x as halves are that, of 32 values each, are scaled by a power of two so that the largest lies between 16 and 32. */
export function roundedToHalves(x: Float32Array | Float64Array): {
  readonly x: Float64Array;
  readonly inHalves: true;
} {
  const rounded = new Float64Array(x.length);
  for (let from = 0; from < x.length; from += UNIT) {
    const unit = x.subarray(from, from + UNIT);
    const scale = 2 ** Math.floor(Math.log2(Math.max(...unit.map(Math.abs)) || 1)) / 16;
    unit.forEach((value, k) => (rounded[from + k] = f16ToF32(f32ToF16(value / scale)) * scale));
  }
  return { x: rounded, inHalves: true };
}

/** Rows of x, [tokens × columns], normed: x · weight / √(mean(x²) + epsilon). */
export function normedRows(
  x: Float32Array,
  { weight, epsilon, columns }: { readonly weight: Float32Array; readonly epsilon: number; readonly columns: number },
): Float64Array {
  const normed = new Float64Array(x.length);
  for (let from = 0; from < x.length; from += columns) {
    const row = x.subarray(from, from + columns);
    const squares = row.reduce((sum, value) => sum + value * value, 0);
    const rms = Math.sqrt(squares / columns + epsilon);
    row.forEach((value, k) => (normed[from + k] = (value * (weight[k] ?? NaN)) / rms));
  }
  return normed;
}

/** Half a unit in the last place of 1. */
const F32_ROUNDING = 2 ** -24;
/** Rounding errors add up like steps to either side: so many times √n of them is never seen (Higham & Mary 2019). */
const CERTAINTY = 8;
/** Half a unit in the last place of 1 as a half. */
const F16_ROUNDING = 2 ** -11;

/**
 * Whether y[t, yOffset + n] is Σ_k W[n, k] · x[t, k], but for what rounding to f32 at each step makes of it, in any order. Where x and
 * weights are halves, each term is off by a few roundings of its own, which add up as √Σ does; a device may also cut where others
 * round. A weight is a byte times a scale, less a minimum there: the product is no larger than twice the unit's largest weight allows.
 */
export function holdsProduct(result: LinearResult): boolean {
  const { weights, x, y, rows, columns, tokens, yStride, yOffset, quantum = 0, inHalves = false } = result;
  const rounding = CERTAINTY * Math.sqrt(columns) * F32_ROUNDING;
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let k = row * columns; k < (row + 1) * columns; k++) largest = Math.max(largest, Math.abs(weights[k] ?? NaN));
    for (let token = 0; token < tokens; token++) {
      let sum = 0;
      let size = 0;
      const halves = inHalves ? CERTAINTY * F16_ROUNDING * unitsSize(result, row, token) : 0;
      for (let k = 0; k < columns; k++) {
        const term = (weights[row * columns + k] ?? NaN) * (x[token * columns + k] ?? NaN);
        sum += term;
        size += Math.abs(term);
      }
      const slack = rounding * size + TIES * quantum * largest + halves;
      // Also false where y is not a number.
      if (!(Math.abs((y[token * yStride + yOffset + row] ?? NaN) - sum) <= slack)) return false;
    }
  }
  return true;
}

/** √Σ of the squares of x, each times the largest weight of its unit. */
function unitsSize({ weights, x, columns }: LinearResult, row: number, token: number): number {
  let squares = 0;
  for (let from = 0; from < columns; from += UNIT) {
    const unit = weights.subarray(row * columns + from, row * columns + from + UNIT);
    const largest = unit.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    const values = x.subarray(token * columns + from, token * columns + from + UNIT);
    values.forEach((value) => (squares += (value * largest) ** 2));
  }
  return Math.sqrt(squares);
}
