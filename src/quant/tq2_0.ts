import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/** 64 bytes of two-bit quants as in Q2_K, half scale. Value = scale · (quant − 1). */
export const TQ2_0: QuantFormat = {
  type: 'TQ2_0',
  module: 'tq2_0',
  inBytes: false,
  blockElements: 256,
  blockBytes: 66,
  side: { offsetBytes: 64, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset + 64, true));
    for (let i = 0; i < 256; i++) {
      const byte = bytes.getUint8(offset + 32 * (i >> 7) + (i & 31));
      out[outOffset + i] = scale * (((byte >> (2 * ((i >> 5) & 3))) & 3) - 1);
    }
  },
};
