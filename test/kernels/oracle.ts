import type { Epilogue } from '../../src/kernels/linear';
import { Expected, TOLERANCE } from './expected';
import type { TestMatrix } from './test-matrix';

// What every kernel must give, in doubles, straight from the formulas; shares nothing with src/device/reference.

/** The sum of products, and the size it has when its terms do not cancel: √Σ term². */
function dot(
  a: Float64Array,
  aAt: number,
  b: Float64Array,
  bAt: number,
  length: number,
): { sum: number; size: number } {
  let sum = 0;
  let squares = 0;
  for (let k = 0; k < length; k++) {
    const term = (a[aAt + k] ?? NaN) * (b[bAt + k] ?? NaN);
    sum += term;
    squares += term * term;
  }
  return { sum, size: Math.sqrt(squares) };
}

function silu(v: number): number {
  return v / (1 + Math.exp(-v));
}

/** One linear layer over `tokens` rows of x; its columns of y begin at `yOffset`. */
export interface LinearCase {
  readonly matrix: TestMatrix;
  readonly epilogue: Epilogue;
  readonly tokens: number;
  readonly x: Float32Array;
  readonly yStride: number;
  readonly yOffset: number;
}

/** y[r, yOffset + n] = Σ_k W[n, k] · x[r, k] and its epilogue, into `expected`, which holds what y holds before. */
export function expectLinear(expected: Expected, args: LinearCase): void {
  const { values, columns } = args.matrix;
  const rows = args.epilogue === 'glu' ? args.matrix.rows / 2 : args.matrix.rows;
  const x = Float64Array.from(args.x);
  for (let token = 0; token < args.tokens; token++) {
    for (let n = 0; n < rows; n++) {
      const at = token * args.yStride + args.yOffset + n;
      const { sum, size } = dot(values, n * columns, x, token * columns, columns);
      if (args.epilogue === 'glu') {
        const up = dot(values, (rows + n) * columns, x, token * columns, columns);
        const scale = size * Math.abs(up.sum) + Math.abs(silu(sum)) * up.size;
        expected.set(at, silu(sum) * up.sum, TOLERANCE * scale);
      } else {
        const old = args.epilogue === 'add' ? (expected.values[at] ?? NaN) : 0;
        expected.set(at, old + sum, TOLERANCE * (size + Math.abs(old)));
      }
    }
  }
}

/** y[r] = x[source] · weight / √(mean(x²) + epsilon). */
export function rmsnormOracle(
  x: Float32Array,
  weight: Float32Array,
  epsilon: number,
  sources: readonly number[],
): Expected {
  const hidden = weight.length;
  const expected = new Expected(new Float64Array(sources.length * hidden));
  const exact = Float64Array.from(x);
  sources.forEach((source, row) => {
    const { sum } = dot(exact, source * hidden, exact, source * hidden, hidden);
    for (let k = 0; k < hidden; k++) {
      const value = ((x[source * hidden + k] ?? NaN) * (weight[k] ?? NaN)) / Math.sqrt(sum / hidden + epsilon);
      expected.set(row * hidden + k, value, TOLERANCE * Math.abs(value));
    }
  });
  return expected;
}

/** y[r, k] = silu(x[r, k]) · x[r, size + k]. */
export function swigluOracle(x: Float32Array, size: number): Expected {
  const rows = x.length / (2 * size);
  const expected = new Expected(new Float64Array(rows * size));
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < size; k++) {
      const gate = x[row * 2 * size + k] ?? NaN;
      const up = x[row * 2 * size + size + k] ?? NaN;
      const value = silu(gate) * up;
      // 1e-30: where e^gate leaves the range of f32 the answer may be 0.
      expected.set(row * size + k, value, TOLERANCE * Math.abs(value) + 1e-30);
    }
  }
  return expected;
}

/** y[r, k] = scale · W[token, k]; exact where nothing is rounded: F32 and a scale of 1. */
export function embedOracle(matrix: TestMatrix, tokens: readonly number[], scale: number): Expected {
  const exact = matrix.format.type === 'F32' && scale === 1;
  const expected = new Expected(new Float64Array(tokens.length * matrix.columns));
  tokens.forEach((token, row) => {
    for (let k = 0; k < matrix.columns; k++) {
      const value = scale * (matrix.values[token * matrix.columns + k] ?? NaN);
      // 1: weights are about that large, and a Q4_1 value is a difference of such.
      expected.set(row * matrix.columns + k, value, exact ? 0 : TOLERANCE * scale * 1e-2);
    }
  });
  return expected;
}

/** The shape of one layer's paged cache, [K, V][block][kv head][token of 16][head size]. */
export interface CacheShape {
  readonly blocks: number;
  readonly kvHeads: number;
  readonly headSize: number;
}

export function cacheElements({ blocks, kvHeads, headSize }: CacheShape): number {
  return 2 * blocks * kvHeads * 16 * headSize;
}

/** The first element of a head's key (part 0) or value (part 1) at a position of a sequence. */
export function cacheAt(
  shape: CacheShape,
  part: 0 | 1,
  table: readonly number[],
  head: number,
  position: number,
): number {
  const block = table[Math.floor(position / 16)] ?? NaN;
  return (((part * shape.blocks + block) * shape.kvHeads + head) * 16 + (position % 16)) * shape.headSize;
}

/** Causal attention of each row's heads over its sequence up to its position. Tolerance relative to the head's largest value. */
export function attentionOracle(args: {
  shape: CacheShape;
  cache: Float64Array;
  q: Float32Array;
  rows: readonly { readonly position: number; readonly blocks: readonly number[] }[];
  group: number;
  scale: number;
}): Expected {
  const { shape, cache, group } = args;
  const q = Float64Array.from(args.q);
  const { headSize } = shape;
  const expected = new Expected(new Float64Array(q.length));
  args.rows.forEach(({ position: last, blocks }, row) => {
    for (let head = 0; head < shape.kvHeads * group; head++) {
      const kvHead = Math.floor(head / group);
      const at = (row * shape.kvHeads * group + head) * headSize;
      const scores = Array.from({ length: last + 1 }, (_, position) => {
        const key = cacheAt(shape, 0, blocks, kvHead, position);
        return args.scale * dot(q, at, cache, key, headSize).sum;
      });
      const top = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - top));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const y = new Float64Array(headSize);
      weights.forEach((weight, position) => {
        const value = cacheAt(shape, 1, blocks, kvHead, position);
        for (let d = 0; d < headSize; d++) y[d] = (y[d] ?? NaN) + (weight / total) * (cache[value + d] ?? NaN);
      });
      const scale = Math.max(...y.map(Math.abs));
      y.forEach((value, d) => expected.set(at + d, value, TOLERANCE * scale));
    }
  });
  return expected;
}

/** A head's vector with its first 2·pairs elements rotated; those have the tolerance of their pair's length. */
export function rotateOracle(
  values: ArrayLike<number>,
  angles: readonly number[],
  pairing: 'neighbours' | 'halves',
): { values: number[]; tolerances: number[] } {
  const out = Array.from(values);
  const tolerances = out.map(() => 0);
  angles.forEach((angle, i) => {
    const [a, b] = pairing === 'halves' ? [i, i + angles.length] : [2 * i, 2 * i + 1];
    const [u, v] = [values[a] ?? NaN, values[b] ?? NaN];
    out[a] = u * Math.cos(angle) - v * Math.sin(angle);
    out[b] = u * Math.sin(angle) + v * Math.cos(angle);
    for (const turned of [a, b]) tolerances[turned] = TOLERANCE * Math.hypot(u, v);
  });
  return { values: out, tolerances };
}

/** Ids of all logits, best first: NaN before all numbers, then the greater, equals (−0 = 0) by the lower id. */
export function rankOracle(logits: Float32Array): number[] {
  const ids = Array.from(logits, (_, id) => id);
  const at = (id: number): number => logits[id] ?? 0;
  const numbers = ids.filter((id) => !Number.isNaN(at(id)));
  // ∞ − ∞ is NaN: a tie, as 0 is.
  numbers.sort((a, b) => at(b) - at(a) || a - b);
  return [...ids.filter((id) => Number.isNaN(at(id))), ...numbers];
}
