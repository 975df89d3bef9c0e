import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';
import { IQ4_VALUES } from './iq4_nl';

/**
 * Half scale, 8 × 2 upper and 8 × 4 lower bits of a scale for each 32 elements, then for each of them 16 bytes of nibbles
 * as in IQ4_NL. Value = scale · (six bits − 32) · what the nibble stands for.
 */
export const IQ4_XS: QuantFormat = {
  type: 'IQ4_XS',
  module: 'iq4_xs',
  inBytes: true,
  blockElements: 256,
  blockBytes: 136,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scaleOfAll = f16ToF32(bytes.getUint16(offset, true));
    const upper = bytes.getUint16(offset + 2, true);
    const lower = bytes.getUint32(offset + 4, true);
    for (let unit = 0; unit < 8; unit++) {
      const scale = scaleOfAll * ((((lower >>> (4 * unit)) & 15) | (((upper >> (2 * unit)) & 3) << 4)) - 32);
      const at = outOffset + 32 * unit;
      for (let i = 0; i < 16; i++) {
        const byte = bytes.getUint8(offset + 8 + 16 * unit + i);
        out[at + i] = (IQ4_VALUES[byte & 15] ?? 0) * scale;
        out[at + 16 + i] = (IQ4_VALUES[byte >> 4] ?? 0) * scale;
      }
    }
  },
};
