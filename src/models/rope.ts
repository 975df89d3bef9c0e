import type { Rope } from './network';

/**
 * cos and sin of each pair at a position, [pairs × 2], computed in f64 on the host: WGSL promises the precision of sin
 * and cos near zero only, and every device then rotates by the same numbers.
 */
export function ropeTable(rope: Rope): (position: number) => Float32Array {
  const frequencies = Float64Array.from({ length: rope.pairs }, (_, i) => rope.base ** (-i / rope.pairs));
  return (position) => {
    const table = new Float32Array(rope.pairs * 2);
    frequencies.forEach((frequency, i) => {
      table[2 * i] = Math.cos(position * frequency);
      table[2 * i + 1] = Math.sin(position * frequency);
    });
    return table;
  };
}
