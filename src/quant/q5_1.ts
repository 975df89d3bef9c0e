import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/** Half scale, half minimum, 32 fifth bits, 16 bytes of nibbles as in Q4_1. Value = scale · five bits + minimum. */
export const Q5_1: QuantFormat = {
  type: 'Q5_1',
  module: 'q5_1',
  inBytes: true,
  blockElements: 32,
  blockBytes: 24,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset, true));
    const minimum = f16ToF32(bytes.getUint16(offset + 2, true));
    const fifth = bytes.getUint32(offset + 4, true);
    for (let i = 0; i < 16; i++) {
      const byte = bytes.getUint8(offset + 8 + i);
      const low = (byte & 15) | (((fifth >>> i) & 1) << 4);
      const high = (byte >> 4) | (((fifth >>> (16 + i)) & 1) << 4);
      out[outOffset + i] = low * scale + minimum;
      out[outOffset + 16 + i] = high * scale + minimum;
    }
  },
};
