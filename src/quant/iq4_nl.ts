import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/** What a nibble of IQ4_NL and IQ4_XS stands for. */
export const IQ4_VALUES = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

/** Half scale, 16 bytes of nibbles as in Q4_1. Value = scale · what the nibble stands for. */
export const IQ4_NL: QuantFormat = {
  type: 'IQ4_NL',
  module: 'iq4_nl',
  inBytes: true,
  blockElements: 32,
  blockBytes: 18,
  side: { offsetBytes: 0, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset, true));
    for (let i = 0; i < 16; i++) {
      const byte = bytes.getUint8(offset + 2 + i);
      out[outOffset + i] = (IQ4_VALUES[byte & 15] ?? 0) * scale;
      out[outOffset + 16 + i] = (IQ4_VALUES[byte >> 4] ?? 0) * scale;
    }
  },
};
