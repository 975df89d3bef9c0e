import type { QuantFormat } from './format';

const word = new DataView(new ArrayBuffer(4));

/** The upper half of an f32. */
export const BF16: QuantFormat = {
  type: 'BF16',
  module: 'bf16',
  inBytes: false,
  blockElements: 1,
  blockBytes: 2,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    word.setUint16(2, bytes.getUint16(offset, true), true);
    out[outOffset] = word.getFloat32(0, true);
  },
};
