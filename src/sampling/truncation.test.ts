import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minPSize } from './min-p';
import { weigh } from './temperature';
import { nucleusSize } from './top-p';

const descending = fc
  .array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 })
  .map((values) =>
    Float64Array.from([1, ...values])
      .sort()
      .reverse(),
  );

describe('nucleusSize', () => {
  it('is the smallest prefix that reaches the share', () => {
    fc.assert(
      fc.property(descending, fc.double({ min: 0, max: 0.999, noNaN: true }), (weight, topP) => {
        const total = weight.reduce((a, b) => a + b, 0);
        const share = (n: number): number => [...weight.slice(0, n)].reduce((a, b) => a + b, 0) / total;
        const size = nucleusSize(weight, topP, total);
        expect(size).toBeGreaterThanOrEqual(1);
        expect(share(size)).toBeGreaterThanOrEqual(topP - 1e-12);
        if (size > 1) expect(share(size - 1)).toBeLessThan(topP + 1e-12);
      }),
      { seed: 12 },
    );
  });

  it('is enough where it has the very share', () => {
    expect(nucleusSize(new Float64Array([1, 1, 1, 1]), 0.5, 4)).toBe(2);
  });

  it('keeps one at 0 and all at 1', () => {
    expect(nucleusSize(new Float64Array([1, 0.5]), 0, 1.5)).toBe(1);
    expect(nucleusSize(new Float64Array([1, 1e-30]), 1, 1)).toBe(2);
  });
});

describe('minPSize', () => {
  it('keeps what has exactly the share', () => {
    expect(minPSize(new Float64Array([1, 0.5, 0.25]), 0.5)).toBe(2);
  });

  it('keeps exactly what has that share of the best', () => {
    fc.assert(
      fc.property(descending, fc.double({ min: 0, max: 1, noNaN: true }), (weight, minP) => {
        expect(minPSize(weight, minP)).toBe([...weight].filter((value) => value >= minP).length);
      }),
      { seed: 13 },
    );
  });
});

describe('weigh', () => {
  const of = (logits: number[], temperature: number): number[] => [
    ...weigh(new Float32Array(logits), Math.fround(logits[0] ?? 0), temperature),
  ];

  it('is the softmax, relative to the best', () => {
    expect(of([2, 1, 0], 0.5)).toEqual([1, Math.exp(-2), Math.exp(-4)]);
  });

  it('survives infinities and tiny temperatures', () => {
    expect(of([Infinity, Infinity, 3], 1)).toEqual([1, 1, 0]);
    expect(of([-Infinity, -Infinity], 1)).toEqual([1, 1]);
    expect(of([1, -Infinity], 1)).toEqual([1, 0]);
    expect(of([3e38, -3e38], 1e-300)).toEqual([1, 0]);
  });
});
