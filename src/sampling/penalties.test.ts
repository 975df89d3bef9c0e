import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addLogitBias } from './logit-bias';
import { applyPenalties, hasPenalties } from './penalties';

describe('applyPenalties', () => {
  it('divides positive logits, multiplies the others, then subtracts', () => {
    const logits = new Float32Array([4, -4, 0, 1]);
    applyPenalties(logits, [0, 1, 2, 2], {
      repeatPenalty: 2,
      repeatLastN: 4,
      presencePenalty: 0.5,
      frequencyPenalty: 0.25,
    });
    expect([...logits]).toEqual([2 - 0.75, -8 - 0.75, -1, 1]);
  });

  it('rounds each product to f32 before it goes on, as a GPU does', () => {
    const logits = Float32Array.of(1.37);
    const penalties = { repeatPenalty: 1.3, repeatLastN: 4, presencePenalty: 0.7, frequencyPenalty: 0.1 };
    applyPenalties(logits, [0, 0], penalties);
    // In doubles up to the last step it would be 0.15384620428085327.
    expect(logits[0]).toBe(0.1538461446762085);
  });

  it('equals a per-token definition', () => {
    const penalty = fc.double({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -50, max: 50 }), { minLength: 8, maxLength: 8 }),
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }),
        fc.integer({ min: 0, max: 40 }),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        penalty,
        penalty,
        (values, history, repeatLastN, repeatPenalty, presencePenalty, frequencyPenalty) => {
          const logits = Float32Array.from(values);
          const recent = repeatLastN === 0 ? [] : history.slice(-repeatLastN);
          const expected = Float32Array.from(logits, (value, id) => {
            const times = recent.filter((token) => token === id).length;
            if (times === 0) return value;
            return value * (value > 0 ? 1 / repeatPenalty : repeatPenalty) - presencePenalty - times * frequencyPenalty;
          });
          applyPenalties(logits, history, { repeatPenalty, repeatLastN, presencePenalty, frequencyPenalty });
          logits.forEach((value, id) => expect(value).toBeCloseTo(expected[id] ?? NaN, 3));
        },
      ),
      { seed: 14 },
    );
  });

  it('knows when nothing is penalised', () => {
    const none = { repeatPenalty: 1, repeatLastN: 64, presencePenalty: 0, frequencyPenalty: 0 };
    expect(hasPenalties(none)).toBe(false);
    expect(hasPenalties({ ...none, repeatPenalty: 1.1 })).toBe(true);
    expect(hasPenalties({ ...none, repeatPenalty: 1.1, repeatLastN: 0 })).toBe(false);
    expect(hasPenalties({ ...none, presencePenalty: -1 })).toBe(true);
    expect(hasPenalties({ ...none, frequencyPenalty: 0.1 })).toBe(true);
  });
});

describe('addLogitBias', () => {
  it('adds to the named tokens only', () => {
    const logits = new Float32Array([1, 2, 3]);
    addLogitBias(logits, [
      [1, -100],
      [2, 0.5],
      [7, 1],
    ]);
    expect([...logits]).toEqual([1, -98, 3.5]);
  });
});
