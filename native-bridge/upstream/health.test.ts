import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heard, UNKNOWN } from './health';

/** `+` an answer, `-` a failure. */
const after = (signs: string) => signs.split('').reduce((health, sign) => heard(health, sign === '+'), UNKNOWN).status;

describe('heard', () => {
  it.each([
    ['', 'unknown'],
    ['+', 'up'],
    ['-', 'down'],
    ['+--', 'up'],
    ['+---', 'down'],
    ['+--+--', 'up'],
    ['-+', 'down'],
    ['-++', 'up'],
    ['-+-+-+', 'down'],
    ['+---+', 'down'],
    ['+---++--', 'up'],
  ])('%s → %s', (signs, status) => {
    expect(after(signs)).toBe(status);
  });

  it('changes only when the last ones agree', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('+', '-'), minLength: 1 }), (signs) => {
        if (signs.endsWith('++')) expect(after(signs)).toBe('up');
        if (signs.endsWith('---')) expect(after(signs)).toBe('down');
        const before = after(signs.slice(0, -1));
        if (before !== after(signs) && before !== 'unknown') {
          expect(signs).toMatch(after(signs) === 'up' ? /\+\+$/ : /---$/);
        }
      }),
      { seed: 23 },
    );
  });
});
