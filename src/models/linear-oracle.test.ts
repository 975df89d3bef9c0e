import { describe, expect, it } from 'vitest';
import { toHalf } from '../../test/kernels/half';
import { Random } from '../../test/kernels/random';
import { defined } from '../base/assert';
import { holdsProduct, roundedToHalves, type LinearResult } from './linear-oracle';

const [rows, columns, tokens, yStride, yOffset] = [3, 2304, 2, 7, 2];
const random = new Random(1);
const weights = random.floats(rows * columns);
const x = random.floats(tokens * columns);

/** y as a device would give it that adds up the terms in a certain way. */
function resultOf(sumOf: (terms: readonly number[]) => number): LinearResult {
  const y = new Float32Array(tokens * yStride).fill(NaN);
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < rows; row++) {
      const terms = Array.from({ length: columns }, (_, k) =>
        Math.fround(defined(weights[row * columns + k], 'weight') * defined(x[token * columns + k], 'x')),
      );
      y[token * yStride + yOffset + row] = sumOf(terms);
    }
  }
  return { weights, x, y, rows, columns, tokens, yStride, yOffset };
}

const inF32 = (terms: readonly number[]): number => terms.reduce((sum, term) => Math.fround(sum + term), 0);

describe('holdsProduct', () => {
  it('takes sums in f32 in any order, and looks at nothing else in y', () => {
    expect(holdsProduct(resultOf(inF32))).toBe(true);
    expect(holdsProduct(resultOf((terms) => inF32(terms.toReversed())))).toBe(true);
    expect(holdsProduct(resultOf((terms) => inF32(terms.toSorted((a, b) => a - b))))).toBe(true);
  });

  it.each([
    ['without a term', (terms: readonly number[]) => inF32(terms.toSorted((a, b) => a - b).slice(1))],
    ['with a term twice', (terms: readonly number[]) => inF32([...terms, Math.max(...terms)])],
    ['in half precision', (terms: readonly number[]) => terms.reduce((sum, term) => toHalf(sum + toHalf(term)), 0)],
    ['that are no number', () => NaN],
    ['that are 0', () => 0],
  ])('refuses sums %s', (_how, sumOf) => {
    expect(holdsProduct(resultOf(sumOf))).toBe(false);
  });

  it('refuses one wrong result among right ones', () => {
    const result = resultOf(inF32);
    const last = (tokens - 1) * yStride + yOffset + rows - 1;
    result.y[last] = (result.y[last] ?? NaN) * 1.01 + 0.1;
    expect(holdsProduct(result)).toBe(false);
  });
});

/** Four products of neighbours that are far enough apart, as kernels for halves add them. */
type AddFour = (bytes: readonly number[], halves: readonly number[]) => number;

/** Weights that are bytes with a scale, times x in halves of a scale that each unit has, as a device computes it. */
function halvesResult(addFour: AddFour, spread = 1): LinearResult {
  const scale = 2 ** -7;
  const bytes = Array.from({ length: rows * columns }, () => random.integer(-128, 127));
  const wide = x.map((value) => value * spread);
  const { x: rounded } = roundedToHalves(wide);
  const y = new Float32Array(tokens * yStride).fill(NaN);
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let unit = 0; unit < columns; unit += 32) {
        const values = [...wide.subarray(token * columns + unit, token * columns + unit + 32)];
        // By definition, not by logarithms: the largest power of two that leaves the largest at 16 or more.
        let shift = 1;
        while (Math.max(...values.map(Math.abs)) / shift < 16) shift /= 2;
        while (Math.max(...values.map(Math.abs)) / shift >= 32) shift *= 2;
        for (let half = 0; half < 32; half += 16) {
          for (let k = half; k < half + 4; k++) {
            const four = [0, 4, 8, 12].map((step) => k + step);
            const part = addFour(
              four.map((at) => defined(bytes[row * columns + unit + at], 'byte')),
              four.map((at) => toHalf(defined(values[at], 'x') / shift)),
            );
            sum = Math.fround(sum + Math.fround(part * scale * shift));
          }
        }
      }
      y[token * yStride + yOffset + row] = sum;
    }
  }
  const dequantised = Float32Array.from(bytes, (byte) => byte * scale);
  return { weights: dequantised, x: rounded, inHalves: true, y, rows, columns, tokens, yStride, yOffset };
}

describe('holdsProduct of halves', () => {
  const inHalves: AddFour = (bytes, halves) =>
    bytes.reduce((sum, byte, i) => toHalf(sum + toHalf(byte * defined(halves[i], 'half'))), 0);

  it.each([1e-30, 1e-3, 1, 3e4, 1e30])(
    'takes products and sums of four in half precision, of x as large as %f',
    (size) => {
      expect(holdsProduct(halvesResult(inHalves, size))).toBe(true);
    },
  );

  it.each<readonly [string, AddFour]>([
    ['off by a hundredth', (bytes, halves) => inHalves(bytes, halves) * 1.01],
    ['without a term', (bytes, halves) => inHalves(bytes.slice(1), halves.slice(1))],
    ['of bytes that lack their sign', (bytes, halves) => inHalves(bytes.map(Math.abs), halves)],
    ['in fewer bits', (bytes, halves) => Math.round(inHalves(bytes, halves) / 64) * 64],
    ['that overflow', () => Infinity],
  ])('refuses sums %s', (_how, addFour) => {
    expect(holdsProduct(halvesResult(addFour))).toBe(false);
  });

  it('rounds x as the definition of a half says', () => {
    const { x: rounded } = roundedToHalves(x);
    for (let from = 0; from < x.length; from += 32) {
      const unit = x.subarray(from, from + 32);
      const top = 2 ** Math.floor(Math.log2(Math.max(...unit.map(Math.abs))));
      unit.forEach((value, k) => expect(rounded[from + k]).toBe((toHalf((value / top) * 16) * top) / 16));
    }
  });
});
