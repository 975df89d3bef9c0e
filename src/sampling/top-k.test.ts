import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../test/support/cpu-time';
import { argmax } from './argmax';
import { selectBest } from './top-k';

const logit = fc.oneof(
  fc.float({ noNaN: true }),
  fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity, 3.4e38, -3.4e38), // many ties
);

describe('selectBest', () => {
  it('equals a full sort', () => {
    fc.assert(
      fc.property(
        fc.array(logit, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 0, max: 210 }),
        (values, count) => {
          const logits = Float32Array.from(values);
          const expected = [...logits.entries()]
            .sort(([a, x], [b, y]) => (x === y ? a - b : y > x ? 1 : -1))
            .slice(0, count);
          const best = selectBest(logits, count);
          expect([...best.ids]).toEqual(expected.map(([id]) => id));
          expect([...best.logits]).toEqual(expected.map(([, value]) => value));
        },
      ),
      { seed: 11, numRuns: 500 },
    );
  });

  it('refuses NaN wherever it is', () => {
    for (let at = 0; at < 100; at += 1) {
      const logits = Float32Array.from({ length: 100 }, (_, id) => -id);
      logits[at] = NaN;
      expect(() => selectBest(logits, 3)).toThrow(expect.objectContaining({ code: 'corrupt-model' }));
      expect(() => argmax(logits)).toThrow(`token ${at}`);
    }
  });

  it.each([
    ['random', (id: number) => Math.sin(id * 12.9898) * 43758.5453],
    ['ascending, the worst case', (id: number) => id],
    ['equal', () => 0],
  ])('takes the best 64 of 262,144 %s logits in bounded time', (_name, logitOf) => {
    const logits = Float32Array.from({ length: 262_144 }, (_, id) => logitOf(id));
    const start = cpuMs();
    expect(selectBest(logits, 64).ids[0]).toBe(argmax(logits));
    expect(cpuMs() - start).toBeLessThan(500); // some milliseconds
  });
});

describe('argmax', () => {
  it('takes the lowest index among equals', () => {
    expect(argmax(new Float32Array([1, 3, 3, 2]))).toBe(1);
    expect(argmax(new Float32Array([-Infinity, -Infinity]))).toBe(0);
    expect(argmax(new Float32Array([-0, 0]))).toBe(0);
    expect(argmax(new Float32Array([1, Infinity]))).toBe(1);
  });
});
