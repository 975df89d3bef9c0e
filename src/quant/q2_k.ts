import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/**
 * 16 bytes (nibbles: scale, minimum) of 16 elements each, 64 bytes of two-bit quants, half scale, half minimum.
 * Element 128c + 32s + l is bits 2s of quant byte 32c + l. Value = scale · quant − minimum.
 */
export const Q2_K: QuantFormat = {
  type: 'Q2_K',
  module: 'q2_k',
  inBytes: true,
  blockElements: 256,
  blockBytes: 84,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset + 80, true));
    const minimum = f16ToF32(bytes.getUint16(offset + 82, true));
    for (let i = 0; i < 256; i++) {
      const scales = bytes.getUint8(offset + (i >> 4));
      const byte = bytes.getUint8(offset + 16 + 32 * (i >> 7) + (i & 31));
      const quant = (byte >> (2 * ((i >> 5) & 3))) & 3;
      out[outOffset + i] = scale * (scales & 15) * quant - minimum * (scales >> 4);
    }
  },
};
