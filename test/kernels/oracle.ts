import type { Activation, Epilogue, GluKind } from '../../src/kernels/linear';
import { Expected, TOLERANCE } from './expected';
import type { TestMatrix } from './test-matrix';

// What every kernel must give, in doubles, straight from the formulas; shares nothing with src/device/reference.

/** The sum of products, and the size it has when its terms do not cancel: √Σ term². */
export function dot(
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

/** SiLU, or GELU in its tanh form (Hendrycks & Gimpel 2016). */
export function activate(v: number, activation: Activation): number {
  if (activation === 'silu') return v / (1 + Math.exp(-v));
  return 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
}

/** What WGSL lets tanh be off by. */
export const TANH_ERROR = 1e-5;

/** gate and up gated, each with the size its sum has; gpt-oss's unit is the code of its authors (openai/gpt-oss). */
export function gatedOracle(
  gate: { readonly sum: number; readonly size: number },
  up: { readonly sum: number; readonly size: number },
  kind: GluKind,
): { value: number; tolerance: number } {
  const isOai = kind === 'swiglu-oai';
  const g = isOai ? Math.min(gate.sum, 7) : gate.sum;
  const u = isOai ? Math.min(7, Math.max(-7, up.sum)) + 1 : up.sum;
  const activated = isOai ? g / (1 + Math.exp(-1.702 * g)) : activate(g, kind);
  const ofTanh = kind === 'gelu' ? TANH_ERROR * Math.abs(gate.sum * up.sum) : 0;
  const ofSums = gate.size * Math.abs(u) + Math.abs(activated) * (up.size + (isOai ? 1 : 0));
  return { value: activated * u, tolerance: TOLERANCE * ofSums + ofTanh };
}

/** An RMS norm of rows. */
export interface NormOracle {
  readonly weight: Float32Array;
  readonly epsilon: number;
}

/** One linear layer over `tokens` rows of x; its columns of y begin at `yOffset`. */
export interface LinearCase {
  readonly matrix: TestMatrix;
  readonly epilogue: Epilogue;
  readonly activation?: Activation;
  readonly scale?: number;
  readonly tokens: number;
  readonly x: Float32Array;
  /** Of the rows of x. */
  readonly norm?: NormOracle | null;
  readonly yStride: number;
  readonly yOffset: number;
}

/** y[r, yOffset + n] = Σ_k W[n, k] · x[r, k] and its epilogue, into `expected`, which holds what y holds before. */
export function expectLinear(expected: Expected, args: LinearCase): void {
  const { values, columns } = args.matrix;
  const { activation = 'silu', scale = 1 } = args;
  const rows = args.epilogue === 'glu' ? args.matrix.rows / 2 : args.matrix.rows;
  for (let token = 0; token < args.tokens; token++) {
    const row = new Float64Array(args.x.subarray(token * columns, (token + 1) * columns));
    const x = args.norm ? normed(row, args.norm.weight, args.norm.epsilon) : row;
    for (let n = 0; n < rows; n++) {
      const at = token * args.yStride + args.yOffset + n;
      const { sum, size } = dot(values, n * columns, x, 0, columns);
      if (args.epilogue === 'glu') {
        const up = dot(values, (rows + n) * columns, x, 0, columns);
        const { value, tolerance } = gatedOracle({ sum, size }, up, activation);
        expected.set(at, scale * value, Math.abs(scale) * tolerance);
      } else {
        const old = args.epilogue === 'add' ? (expected.values[at] ?? NaN) : 0;
        expected.set(at, old + scale * sum, TOLERANCE * (Math.abs(scale) * size + Math.abs(old)));
      }
    }
  }
}

/** `values` · weight / √(mean(values²) + epsilon) */
function normed(values: Float64Array, weight: ArrayLike<number>, epsilon: number): Float64Array {
  const { sum } = dot(values, 0, values, 0, values.length);
  return values.map((value, k) => (value * (weight[k] ?? NaN)) / Math.sqrt(sum / values.length + epsilon));
}

/** y[r] = scale · norm(x[source]), or that added to what y holds `before`. */
export function rmsnormOracle(
  x: Float32Array,
  weight: Float32Array,
  epsilon: number,
  sources: readonly number[],
  { scale = 1, before = null }: { scale?: number; before?: Float32Array | null } = {},
): Expected {
  const hidden = weight.length;
  const expected = new Expected(new Float64Array(before ?? new Float32Array(sources.length * hidden)));
  sources.forEach((source, row) => {
    const values = normed(new Float64Array(x.subarray(source * hidden, (source + 1) * hidden)), weight, epsilon);
    values.forEach((value, k) => {
      const old = expected.values[row * hidden + k] ?? NaN;
      expected.set(row * hidden + k, old + scale * value, TOLERANCE * (Math.abs(scale * value) + Math.abs(old)));
    });
  });
  return expected;
}

/** Neighbouring segments of a row of x, all normed with one weight. */
export interface Segments {
  readonly offset: number;
  readonly count: number;
  readonly weight: Float32Array;
}

/** x [rows × stride] with each of its segments normed by itself, the rest as it is. */
export function headNormOracle(
  x: Float32Array,
  stride: number,
  groups: readonly Segments[],
  epsilon: number,
): Expected {
  const exact = new Float64Array(x);
  const expected = new Expected(new Float64Array(x));
  for (let row = 0; row < x.length / stride; row++) {
    for (const { offset, count, weight } of groups) {
      for (let segment = 0; segment < count; segment++) {
        const at = row * stride + offset + segment * weight.length;
        const values = normed(exact.slice(at, at + weight.length), weight, epsilon);
        values.forEach((value, k) => expected.set(at + k, value, TOLERANCE * Math.abs(value)));
      }
    }
  }
  return expected;
}

/** cap · tanh(x / cap) */
export function softcapOracle(x: Float32Array, cap: number): Expected {
  const expected = new Expected(new Float64Array(x.length));
  x.forEach((value, i) => {
    const capped = cap * Math.tanh(value / cap);
    expected.set(i, capped, TANH_ERROR * cap);
  });
  return expected;
}

/** y[r, k] = gated(x[r, k], x[r, size + k]). */
export function gluOracle(x: Float32Array, size: number, kind: GluKind): Expected {
  const rows = x.length / (2 * size);
  const expected = new Expected(new Float64Array(rows * size));
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < size; k++) {
      const gate = x[row * 2 * size + k] ?? NaN;
      const up = x[row * 2 * size + size + k] ?? NaN;
      const { value, tolerance } = gatedOracle({ sum: gate, size: 0 }, { sum: up, size: 0 }, kind);
      // 1e-30: where e^gate leaves the range of f32 the answer may be 0.
      expected.set(row * size + k, value, TOLERANCE * Math.abs(value) + tolerance + 1e-30);
    }
  }
  return expected;
}

/** y[r, k] = scale · W[token, k], or that added to what y holds `before`; exact where nothing is rounded: F32, stored, a scale of 1. */
export function embedOracle(
  matrix: TestMatrix,
  tokens: readonly number[],
  scale: number,
  before: Float32Array | null = null,
): Expected {
  const exact = matrix.format.type === 'F32' && scale === 1 && before === null;
  const expected = new Expected(new Float64Array(before ?? new Float32Array(tokens.length * matrix.columns)));
  tokens.forEach((token, row) => {
    for (let k = 0; k < matrix.columns; k++) {
      const at = row * matrix.columns + k;
      const value = scale * (matrix.values[token * matrix.columns + k] ?? NaN);
      // 1: weights are about that large, and a Q4_1 value is a difference of such.
      expected.set(at, (expected.values[at] ?? NaN) + value, exact ? 0 : TOLERANCE * scale * 1e-2);
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

/**
 * Causal attention of each row's heads over the last `window` positions of its sequence up to its own, scores capped to
 * ±softCap; 0: all, not capped. A head's sink is one more score, without a value. `mutual`: over all rows, which are one
 * sequence. Tolerance relative to the head's largest value.
 */
export function attentionOracle(args: {
  shape: CacheShape;
  cache: Float64Array;
  q: Float32Array;
  rows: readonly { readonly position: number; readonly blocks: readonly number[] }[];
  group: number;
  scale: number;
  window: number;
  softCap: number;
  sinks: Float32Array | null;
  mutual?: boolean;
}): Expected {
  const { shape, cache, group, window, softCap, mutual = false } = args;
  const q = new Float64Array(args.q);
  const { headSize } = shape;
  const expected = new Expected(new Float64Array(q.length));
  args.rows.forEach(({ position, blocks }, row) => {
    const last = mutual ? args.rows.length - 1 : position;
    for (let head = 0; head < shape.kvHeads * group; head++) {
      const kvHead = Math.floor(head / group);
      const at = (row * shape.kvHeads * group + head) * headSize;
      const first = window === 0 ? 0 : Math.max(0, last + 1 - window);
      const scores = Array.from({ length: last + 1 - first }, (_, i) => {
        const key = cacheAt(shape, 0, blocks, kvHead, first + i);
        const score = args.scale * dot(q, at, cache, key, headSize).sum;
        return softCap === 0 ? score : softCap * Math.tanh(score / softCap);
      });
      const sink = args.sinks?.[head] ?? -Infinity;
      const top = Math.max(...scores, sink);
      const weights = scores.map((score) => Math.exp(score - top));
      const total = weights.reduce((sum, weight) => sum + weight, Math.exp(sink - top));
      const y = new Float64Array(headSize);
      weights.forEach((weight, i) => {
        const value = cacheAt(shape, 1, blocks, kvHead, first + i);
        for (let d = 0; d < headSize; d++) y[d] = (y[d] ?? NaN) + (weight / total) * (cache[value + d] ?? NaN);
      });
      const scale = Math.max(...y.map(Math.abs));
      // A weight is off by as much of itself as its score is off.
      const ofTanh = TANH_ERROR * softCap;
      y.forEach((value, d) => expected.set(at + d, value, (TOLERANCE + ofTanh) * scale));
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
