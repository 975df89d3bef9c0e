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
  const { weights, x, y, rows, columns, tokens, yStride, yOffset } = result;
  const rounding = CERTAINTY * Math.sqrt(columns) * F32_ROUNDING;
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      let size = 0;
      for (let k = 0; k < columns; k++) {
        const term = (weights[row * columns + k] ?? NaN) * (x[token * columns + k] ?? NaN);
        sum += term;
        size += Math.abs(term);
      }
      // Also false where y is not a number.
      if (!(Math.abs((y[token * yStride + yOffset + row] ?? NaN) - sum) <= rounding * size)) return false;
    }
  }
  return true;
}
