import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';
import { IQ2_S_GRID, iq2Value } from './iq-grids';

/**
 * Half scale, for each 8 elements a byte of grid index and a byte of signs, 8 bytes with the indices' upper bit pairs, for
 * each 16 elements a nibble of scale. Value = scale · (nibble + ½) ÷ 4 · grid, signed.
 */
export const IQ2_S: QuantFormat = {
  type: 'IQ2_S',
  module: 'iq2_s',
  inBytes: false,
  blockElements: 256,
  blockBytes: 82,
  side: { offsetBytes: 0, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scaleOfAll = f16ToF32(bytes.getUint16(offset, true));
    for (let eight = 0; eight < 32; eight++) {
      const nibble = (bytes.getUint8(offset + 74 + (eight >> 2)) >> (4 * ((eight >> 1) & 1))) & 15;
      const scale = (scaleOfAll * (nibble + 0.5)) / 4;
      const signs = bytes.getUint8(offset + 34 + eight);
      const upper = (bytes.getUint8(offset + 66 + (eight >> 2)) >> (2 * (eight & 3))) & 3;
      const point = IQ2_S_GRID[bytes.getUint8(offset + 2 + eight) | (upper << 8)] ?? 0;
      for (let i = 0; i < 8; i++) {
        out[outOffset + 8 * eight + i] = ((signs >> i) & 1 ? -scale : scale) * iq2Value(point, i);
      }
    }
  },
};
