import type { Random } from './random';

/** A half precision number and its bits, made together so that neither is derived from the other's conversion. */
export interface Half {
  readonly bits: number;
  readonly value: number;
}

/** sign · (1 + fraction / 1024) · 2^exponent, exponent −14 … 15. */
export function half(sign: 1 | -1, exponent: number, fraction: number): Half {
  return {
    bits: (sign < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction,
    value: sign * (1 + fraction / 1024) * 2 ** exponent,
  };
}

/** Positive, between 2^-8 and 2^-2: what block scales look like. */
export function randomScale(random: Random): Half {
  return half(1, random.integer(-8, -3), random.integer(0, 1023));
}

/** Of either sign, below 2 in size. */
export function randomHalf(random: Random): Half {
  return half(random.next() < 0.5 ? -1 : 1, random.integer(-8, 0), random.integer(0, 1023));
}

/** The nearest half, an even one of two: by the grid that halves of its size lie on. */
export function toHalf(value: number): number {
  const unit = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value) || 1))) - 10);
  const steps = Math.abs(value) / unit;
  const below = Math.floor(steps);
  const isUp = steps - below > 0.5 || (steps - below === 0.5 && below % 2 === 1);
  const rounded = (below + (isUp ? 1 : 0)) * unit;
  return Math.sign(value) * (rounded > 65504 ? Infinity : rounded);
}

/** The value of normal, subnormal and zero bits. */
export function halfValue(bits: number): number {
  const exponent = (bits & 0x7c00) / 0x400;
  const fraction = (bits & 0x3ff) / 0x400;
  const magnitude = exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
  return bits >= 0x8000 ? -magnitude : magnitude;
}
