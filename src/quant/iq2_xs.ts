import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';
import { IQ2_XS_GRID, iq2Value, signsOf } from './iq-grids';

/**
 * Half scale, for each 8 elements 16 bits (nine of grid index, seven of signs), for each 16 a nibble of scale.
 * Value = scale · (nibble + ½) ÷ 4 · grid, signed.
 */
export const IQ2_XS: QuantFormat = {
  type: 'IQ2_XS',
  module: 'iq2_xs',
  inBytes: false,
  blockElements: 256,
  blockBytes: 74,
  side: { offsetBytes: 0, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scaleOfAll = f16ToF32(bytes.getUint16(offset, true));
    for (let eight = 0; eight < 32; eight++) {
      const nibble = (bytes.getUint8(offset + 66 + (eight >> 2)) >> (4 * ((eight >> 1) & 1))) & 15;
      const scale = (scaleOfAll * (nibble + 0.5)) / 4;
      const code = bytes.getUint16(offset + 2 + 2 * eight, true);
      const signs = signsOf(code >> 9);
      const point = IQ2_XS_GRID[code & 511] ?? 0;
      for (let i = 0; i < 8; i++) {
        out[outOffset + 8 * eight + i] = ((signs >> i) & 1 ? -scale : scale) * iq2Value(point, i);
      }
    }
  },
};
