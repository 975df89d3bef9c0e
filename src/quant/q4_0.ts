import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/** Half scale, 16 bytes of nibbles as in Q4_1. Value = scale · (nibble − 8). */
export const Q4_0: QuantFormat = {
  type: 'Q4_0',
  module: 'q4_0',
  inBytes: true,
  blockElements: 32,
  blockBytes: 18,
  side: { offsetBytes: 0, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset, true));
    for (let i = 0; i < 16; i++) {
      const byte = bytes.getUint8(offset + 2 + i);
      out[outOffset + i] = ((byte & 15) - 8) * scale;
      out[outOffset + 16 + i] = ((byte >> 4) - 8) * scale;
    }
  },
};
