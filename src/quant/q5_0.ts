import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/** Half scale, 32 fifth bits, 16 bytes of nibbles as in Q4_1. Value = scale · (five bits − 16). */
export const Q5_0: QuantFormat = {
  type: 'Q5_0',
  module: 'q5_0',
  inBytes: true,
  blockElements: 32,
  blockBytes: 22,
  side: { offsetBytes: 0, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset, true));
    const fifth = bytes.getUint32(offset + 2, true);
    for (let i = 0; i < 16; i++) {
      const byte = bytes.getUint8(offset + 6 + i);
      const low = (byte & 15) | (((fifth >>> i) & 1) << 4);
      const high = (byte >> 4) | (((fifth >>> (16 + i)) & 1) << 4);
      out[outOffset + i] = (low - 16) * scale;
      out[outOffset + 16 + i] = (high - 16) * scale;
    }
  },
};
