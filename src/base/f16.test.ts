import { describe, expect, it } from 'vitest';
import { f16ToF32, f32ToF16 } from './f16';

/** As IEEE 754 defines it. */
function valueOf(bits: number): number {
  const sign = bits < 0x8000 ? 1 : -1;
  const exponent = (bits >> 10) % 32;
  const fraction = (bits % 1024) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

const ALL = Array.from({ length: 0x10000 }, (_, bits) => bits);

describe('half precision', () => {
  it('is read as it is defined, every one of them', () => {
    expect(ALL.filter((bits) => !Object.is(f16ToF32(bits), valueOf(bits)))).toEqual([]);
  });

  it('is written as it was read', () => {
    expect(ALL.filter((bits) => !Number.isNaN(valueOf(bits)) && f32ToF16(valueOf(bits)) !== bits)).toEqual([]);
    expect(f16ToF32(f32ToF16(NaN))).toBeNaN();
  });

  it('is the nearest, in the middle the even one', () => {
    const finite = ALL.filter((bits) => bits < 0x7bff);
    const wrong = finite.filter((bits) => {
      const [low, high] = [valueOf(bits), valueOf(bits + 1)];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const [below, above] = [(middle + 3 * low) / 4, (middle + 3 * high) / 4].map(f32ToF16);
      return f32ToF16(middle) !== even || below !== bits || above !== bits + 1;
    });
    expect(wrong).toEqual([]);
    expect([65519, 65520, 1e9].map(f32ToF16)).toEqual([0x7bff, 0x7c00, 0x7c00]);
  });
});
