import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';
import { IQ3_XXS_GRID, signsOf } from './iq-grids';

/** What three bits of the grid stand for. */
const VALUES = Uint8Array.of(4, 12, 20, 28, 36, 44, 52, 62);

/**
 * Half scale, for each 4 elements a byte of grid index, for each 32 a word of four times seven sign bits and a scale.
 * Value = scale · (4-bit scale + ½) ÷ 2 · grid, signed.
 */
export const IQ3_XXS: QuantFormat = {
  type: 'IQ3_XXS',
  module: 'iq3_xxs',
  inBytes: false,
  blockElements: 256,
  blockBytes: 98,
  side: { offsetBytes: 0, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scaleOfAll = f16ToF32(bytes.getUint16(offset, true));
    for (let four = 0; four < 64; four++) {
      const word = bytes.getUint32(offset + 66 + 4 * (four >> 3), true);
      const scale = (scaleOfAll * ((word >>> 28) + 0.5)) / 2;
      const signs = signsOf(word >>> (7 * ((four >> 1) & 3))) >> (4 * (four & 1));
      const point = IQ3_XXS_GRID[bytes.getUint8(offset + 2 + four)] ?? 0;
      for (let i = 0; i < 4; i++) {
        const value = VALUES[(point >> (4 * i)) & 7] ?? 0;
        out[outOffset + 4 * four + i] = ((signs >> i) & 1 ? -scale : scale) * value;
      }
    }
  },
};
