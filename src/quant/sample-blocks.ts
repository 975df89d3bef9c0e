import type { GgmlType } from '../gguf/ggml-type';
import type { QuantFormat } from './format';

/** A number in [0, 1). */
export type Draw = () => number;

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

/** Blocks with any quants, and scales as models have them. What they stand for is for the format's dequantiser to say. */
export function sampleBlocks(format: QuantFormat, blocks: number, draw: Draw): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length: blocks * format.blockBytes }, () => whole(draw, 0, 255));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < blocks; i++) tameScales(format, view, i * format.blockBytes, draw);
  return bytes;
}

function tameScales({ type, side }: QuantFormat, view: DataView, at: number, draw: Draw): void {
  if (type === 'F32') view.setFloat32(at, 2 * draw() - 1, true);
  else if (type === 'BF16') view.setUint16(at, brain(draw), true);
  else if (type === 'IQ1_M') scatterHalf(view, at + 48, scale(draw));
  else if (type === 'MXFP4') view.setUint8(at, whole(draw, 118, 126));
  else if (type === 'NVFP4') for (let i = 0; i < 4; i++) view.setUint8(at + i, whole(draw, 0, 64));
  else if (side !== null) view.setUint16(at + side.offsetBytes, scale(draw), true);
  else for (const offset of HALVES[type] ?? []) view.setUint16(at + offset, signedHalf(draw), true);
}

/** In [from, to]. */
function whole(draw: Draw, from: number, to: number): number {
  return from + Math.floor(draw() * (to - from + 1));
}

/** The bits of a positive half between 2^-8 and 2^-2: what block scales look like. None is subnormal: WGSL may take such for 0. */
function scale(draw: Draw): number {
  return (whole(draw, -8, -3) + 15) * 0x400 + whole(draw, 0, 0x3ff);
}

/** The bits of a half of either sign, below 2 in size. */
function signedHalf(draw: Draw): number {
  return whole(draw, 0, 1) * 0x8000 + (whole(draw, -8, 0) + 15) * 0x400 + whole(draw, 0, 0x3ff);
}

/** The upper half of an f32 of either sign, below 2 in size. */
function brain(draw: Draw): number {
  return whole(draw, 0, 1) * 0x8000 + whole(draw, 110, 127) * 0x80 + whole(draw, 0, 127);
}

/** IQ1_M keeps its half in the upper nibbles of four u16. */
function scatterHalf(view: DataView, at: number, bits: number): void {
  for (let i = 0; i < 4; i++) {
    const rest = view.getUint16(at + 2 * i, true) & 0xfff;
    view.setUint16(at + 2 * i, rest | (((bits >> (4 * i)) & 15) << 12), true);
  }
}
