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

/** Whether y[t, yOffset + n] is Σ_k W[n, k] · x[t, k], but for what rounding to f32 at each step makes of it, in any order. */
export function holdsProduct(result: LinearResult): boolean {
  const { weights, x, y, rows, columns, tokens, yStride, yOffset, quantum = 0 } = result;
  const rounding = CERTAINTY * Math.sqrt(columns) * F32_ROUNDING;
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      let size = 0;
      let largest = 0;
      for (let k = 0; k < columns; k++) {
        const weight = weights[row * columns + k] ?? NaN;
        const term = weight * (x[token * columns + k] ?? NaN);
        sum += term;
        size += Math.abs(term);
        largest = Math.max(largest, Math.abs(weight));
      }
      const slack = rounding * size + TIES * quantum * largest;
      // Also false where y is not a number.
      if (!(Math.abs((y[token * yStride + yOffset + row] ?? NaN) - sum) <= slack)) return false;
    }
  }
  return true;
}
