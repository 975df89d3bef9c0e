import { describe, expect, it } from 'vitest';
import { ropeTable } from './rope';

const HALFWAY = { pairs: 8, base: 10_000, pairing: 'neighbours' } as const;

describe('ropeTable', () => {
  it('turns pair i by position · base^(−2i / size), as the paper writes it', () => {
    const table = ropeTable(HALFWAY)(37);
    const expected = Array.from({ length: 8 }, (_, i) => {
      const angle = 37 / 10_000 ** ((2 * i) / 16);
      return [Math.cos(angle), Math.sin(angle)];
    });
    expect([...table]).toEqual(expected.flat().map((value) => expect.closeTo(value, 6)));
  });

  it('does not turn position 0', () => {
    expect([...ropeTable(HALFWAY)(0)]).toEqual(Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 1 : 0)));
  });

  it('is as exact at a position of a million as at 1', () => {
    // An angle of 99,999.9 is off by 0.0016 in f32. cos and sin of 999,999 and of 99,999.9, to ten digits.
    const table = ropeTable({ pairs: 2, base: 100, pairing: 'halves' })(999_999);
    expect([...table]).toEqual(
      [0.2116199576, -0.9773520315, -0.9907992414, 0.1353398068].map((v) => expect.closeTo(v, 6)),
    );
  });

  it('has nothing for no pairs', () => {
    expect(ropeTable({ ...HALFWAY, pairs: 0 })(5)).toHaveLength(0);
  });
});
