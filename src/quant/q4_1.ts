import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/** Half scale, half minimum, 16 bytes of nibbles: element i < 16 is the low nibble of byte i, element i + 16 the high one. */
export const Q4_1: QuantFormat = {
  type: 'Q4_1',
  module: 'q4_1',
  inBytes: true,
  blockElements: 32,
  blockBytes: 20,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset, true));
    const minimum = f16ToF32(bytes.getUint16(offset + 2, true));
    for (let i = 0; i < 16; i++) {
      const byte = bytes.getUint8(offset + 4 + i);
      out[outOffset + i] = (byte & 15) * scale + minimum;
      out[outOffset + 16 + i] = (byte >> 4) * scale + minimum;
    }
  },
};
