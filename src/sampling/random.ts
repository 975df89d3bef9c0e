/**
 * Counter-based random numbers: the draw of token i of a request depends on (seed, i) alone, so an answer is the same
 * after a preemption, a replay or a move to another device.
 *
 * The hash is pcg3d of Jarzynski and Olano, "Hash Functions for GPU Rendering" (JCGT 9(3), 2020), with a third lane of 0.
 * It needs only u32 multiplication, addition, xor and shift, and its 24 bits are exact in f32: a shader can repeat it bit for bit.
 *
 * @param seed unsigned 32 bits
 * @param tokenIndex index of the token in the answer, from 0
 * @returns a multiple of 2^-24 in [0, 1)
 */
export function randomUnit(seed: number, tokenIndex: number): number {
  let x = scramble(seed);
  let y = scramble(tokenIndex);
  let z = scramble(0);
  x = (x + Math.imul(y, z)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  x = (x + Math.imul(y, z)) | 0;
  return (x >>> 8) / 2 ** 24;
}

function scramble(lane: number): number {
  return (Math.imul(lane, 1664525) + 1013904223) | 0;
}
