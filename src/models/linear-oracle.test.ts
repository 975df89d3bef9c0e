import { describe, expect, it } from 'vitest';
import { Random } from '../../test/kernels/random';
import { defined } from '../base/assert';
import { holdsProduct, type LinearResult } from './linear-oracle';

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

/** To the 11 bits of a half. */
function toHalf(value: number): number {
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 10);
  return Math.round(value / unit) * unit;
}

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
