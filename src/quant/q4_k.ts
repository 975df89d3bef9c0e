import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';
import { scaleAndMinimum } from './k-scales';

/**
 * Half scale, half minimum, 12 bytes of a scale and a minimum for each 32 elements, 128 bytes of nibbles: element
 * 64c + 32n + l is nibble n of byte 32c + l. Value = scale · nibble − minimum.
 */
export const Q4_K: QuantFormat = {
  type: 'Q4_K',
  module: 'q4_k',
  inBytes: true,
  blockElements: 256,
  blockBytes: 144,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scaleOfAll = f16ToF32(bytes.getUint16(offset, true));
    const minimumOfAll = f16ToF32(bytes.getUint16(offset + 2, true));
    for (let unit = 0; unit < 8; unit++) {
      const { scale, minimum } = scaleAndMinimum(bytes, offset + 4, unit);
      for (let l = 0; l < 32; l++) {
        const nibble = (bytes.getUint8(offset + 16 + 32 * (unit >> 1) + l) >> (4 * (unit & 1))) & 15;
        out[outOffset + 32 * unit + l] = scaleOfAll * scale * nibble - minimumOfAll * minimum;
      }
    }
  },
};
