import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';
import { IQ2_XXS_GRID, iq2Value, signsOf } from './iq-grids';

/**
 * Half scale, then for each 32 elements a word of four grid indices and a word of four times seven sign bits and a scale.
 * Value = scale · (4-bit scale + ½) ÷ 4 · grid, signed.
 */
export const IQ2_XXS: QuantFormat = {
  type: 'IQ2_XXS',
  module: 'iq2_xxs',
  inBytes: false,
  blockElements: 256,
  blockBytes: 66,
  side: { offsetBytes: 0, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scaleOfAll = f16ToF32(bytes.getUint16(offset, true));
    for (let eight = 0; eight < 32; eight++) {
      const at = offset + 2 + 8 * (eight >> 2);
      const word = bytes.getUint32(at + 4, true);
      const scale = (scaleOfAll * ((word >>> 28) + 0.5)) / 4;
      const signs = signsOf(word >>> (7 * (eight & 3)));
      const point = IQ2_XXS_GRID[bytes.getUint8(at + (eight & 3))] ?? 0;
      for (let i = 0; i < 8; i++) {
        out[outOffset + 8 * eight + i] = ((signs >> i) & 1 ? -scale : scale) * iq2Value(point, i);
      }
    }
  },
};
