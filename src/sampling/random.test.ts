import { describe, expect, it } from 'vitest';
import { randomUnit } from './random';

/** The published pcg3d, in unbounded integers instead of u32 tricks. */
function pcg3d(seed: number, index: number): number {
  const wrap = (n: bigint): bigint => n & 0xffffffffn;
  let [x, y, z] = [BigInt(seed), BigInt(index), 0n].map((lane) => wrap(lane * 1664525n + 1013904223n)) as [
    bigint,
    bigint,
    bigint,
  ];
  const mix = (): void => {
    x = wrap(x + y * z);
    y = wrap(y + z * x);
    z = wrap(z + x * y);
  };
  mix();
  [x, y, z] = [x ^ (x >> 16n), y ^ (y >> 16n), z ^ (z >> 16n)];
  mix();
  return Number(x >> 8n) / 2 ** 24;
}

describe('randomUnit', () => {
  it('is pcg3d', () => {
    for (const seed of [0, 1, 42, 0x7fffffff, 0x80000000, 0xffffffff]) {
      for (const index of [0, 1, 2, 63, 100_000, 0xffffffff]) expect(randomUnit(seed, index)).toBe(pcg3d(seed, index));
    }
  });

  it('stays in [0, 1) and fits f32 exactly', () => {
    for (let i = 0; i < 10_000; i += 1) {
      const unit = randomUnit(i * 7919, i);
      expect(unit >= 0 && unit < 1 && Math.fround(unit) === unit).toBe(true);
    }
  });

  it.each([
    ['token indexes of one seed', (i: number) => randomUnit(1, i)],
    ['seeds at one token index', (i: number) => randomUnit(i, 0)],
  ])('is uniform over %s', (_name, draw) => {
    const bins = Array.from({ length: 64 }, () => 0);
    const draws = 64_000;
    for (let i = 0; i < draws; i += 1) {
      const bin = Math.floor(draw(i) * bins.length);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    const expected = draws / bins.length;
    const chiSquare = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(112); // 63 degrees of freedom: p < 0.0001 above
  });

  it('does not correlate neighbours', () => {
    const draws = 20_000;
    let covariance = 0;
    for (let i = 0; i < draws; i += 1) covariance += (randomUnit(5, i) - 0.5) * (randomUnit(5, i + 1) - 0.5);
    expect(Math.abs(covariance / draws / (1 / 12))).toBeLessThan(0.03);
  });
});
