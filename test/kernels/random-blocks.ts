import type { GgmlType } from '../../src/gguf/ggml-type';
import type { QuantFormat } from '../../src/quant/format';
import { randomHalf, randomScale } from './half';
import type { Random } from './random';

/** Where halves lie in a block; the rest of it may have any bits. */
const HALVES: Partial<Record<GgmlType, readonly number[]>> = {
  F16: [0],
  Q4_1: [0, 2],
  Q5_1: [0, 2],
  Q2_K: [80, 82],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
  IQ4_XS: [0],
};

/** Any quants; scales as models have them. What they stand for is for the CPU's dequantiser to say. */
export function randomBlocks(format: QuantFormat, blocks: number, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length: blocks * format.blockBytes }, () => random.integer(0, 255));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < blocks; i++) tameScales(format, view, i * format.blockBytes, random);
  return bytes;
}

function tameScales({ type, side }: QuantFormat, view: DataView, at: number, random: Random): void {
  const { bits } = randomScale(random);
  if (type === 'F32') view.setFloat32(at, random.between(-1, 1), true);
  else if (type === 'BF16') view.setUint16(at, randomBrain(random), true);
  else if (type === 'IQ1_M') scatterHalf(view, at + 48, bits);
  else if (type === 'MXFP4') view.setUint8(at, random.integer(118, 126));
  else if (type === 'NVFP4') for (let i = 0; i < 4; i++) view.setUint8(at + i, random.integer(0, 64));
  else if (side !== null) view.setUint16(at + side.offsetBytes, bits, true);
  else for (const offset of HALVES[type] ?? []) view.setUint16(at + offset, randomHalf(random).bits, true);
}

/** The upper half of an f32 of either sign, below 2 in size. */
function randomBrain(random: Random): number {
  return (random.integer(0, 1) << 15) | (random.integer(110, 127) << 7) | random.integer(0, 127);
}

/** IQ1_M keeps its half in the upper nibbles of four u16. */
function scatterHalf(view: DataView, at: number, bits: number): void {
  for (let i = 0; i < 4; i++) {
    const rest = view.getUint16(at + 2 * i, true) & 0xfff;
    view.setUint16(at + 2 * i, rest | (((bits >> (4 * i)) & 15) << 12), true);
  }
}
