import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';
import { scaleAndMinimum } from './k-scales';

/**
 * As Q4_K, with 32 bytes of fifth bits before the nibbles: bit j of byte l belongs to element 32j + l.
 * Value = scale · five bits − minimum.
 */
export const Q5_K: QuantFormat = {
  type: 'Q5_K',
  module: 'q5_k',
  inBytes: true,
  blockElements: 256,
  blockBytes: 176,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scaleOfAll = f16ToF32(bytes.getUint16(offset, true));
    const minimumOfAll = f16ToF32(bytes.getUint16(offset + 2, true));
    for (let unit = 0; unit < 8; unit++) {
      const { scale, minimum } = scaleAndMinimum(bytes, offset + 4, unit);
      for (let l = 0; l < 32; l++) {
        const nibble = (bytes.getUint8(offset + 48 + 32 * (unit >> 1) + l) >> (4 * (unit & 1))) & 15;
        const fifth = (bytes.getUint8(offset + 16 + l) >> unit) & 1;
        out[outOffset + 32 * unit + l] = scaleOfAll * scale * (nibble | (fifth << 4)) - minimumOfAll * minimum;
      }
    }
  },
};
