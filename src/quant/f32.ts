import type { QuantFormat } from './format';

export const F32: QuantFormat = {
  type: 'F32',
  module: 'f32',
  inBytes: false,
  blockElements: 1,
  blockBytes: 4,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    out[outOffset] = bytes.getFloat32(offset, true);
  },
};
