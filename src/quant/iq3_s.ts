import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';
import { IQ3_S_GRID } from './iq-grids';

/**
 * Half scale, for each 4 elements a byte of grid index, 8 bytes with the indices' ninth bits, for each 8 elements a byte of
 * signs, for each 32 a nibble of scale. Value = scale · (2 · nibble + 1) · grid, signed.
 */
export const IQ3_S: QuantFormat = {
  type: 'IQ3_S',
  module: 'iq3_s',
  inBytes: false,
  blockElements: 256,
  blockBytes: 110,
  side: { offsetBytes: 0, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scaleOfAll = f16ToF32(bytes.getUint16(offset, true));
    for (let four = 0; four < 64; four++) {
      const nibble = (bytes.getUint8(offset + 106 + (four >> 4)) >> (4 * ((four >> 3) & 1))) & 15;
      const scale = scaleOfAll * (2 * nibble + 1);
      const signs = bytes.getUint8(offset + 74 + (four >> 1)) >> (4 * (four & 1));
      const ninth = (bytes.getUint8(offset + 66 + (four >> 3)) >> (four & 7)) & 1;
      const point = IQ3_S_GRID[bytes.getUint8(offset + 2 + four) | (ninth << 8)] ?? 0;
      for (let i = 0; i < 4; i++) {
        const value = 2 * ((point >> (4 * i)) & 7) + 1;
        out[outOffset + 4 * four + i] = ((signs >> i) & 1 ? -scale : scale) * value;
      }
    }
  },
};
