import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';
import { IQ1_DELTA, IQ1_GRID, iq1Value } from './iq-grids';

/**
 * Half scale, for each 8 elements a byte of grid index, for each 32 a u16: four times three upper bits of the indices,
 * three bits of scale, the sign of the shift. Value = scale · (2 · scale bits + 1) · (grid ± ⅛).
 */
export const IQ1_S: QuantFormat = {
  type: 'IQ1_S',
  module: 'iq1_s',
  inBytes: false,
  blockElements: 256,
  blockBytes: 50,
  side: { offsetBytes: 0, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scaleOfAll = f16ToF32(bytes.getUint16(offset, true));
    for (let eight = 0; eight < 32; eight++) {
      const high = bytes.getUint16(offset + 34 + 2 * (eight >> 2), true);
      const scale = scaleOfAll * (2 * ((high >> 12) & 7) + 1);
      const shift = high & 0x8000 ? -IQ1_DELTA : IQ1_DELTA;
      const upper = (high >> (3 * (eight & 3))) & 7;
      const point = IQ1_GRID[bytes.getUint8(offset + 2 + eight) | (upper << 8)] ?? 0;
      for (let i = 0; i < 8; i++) out[outOffset + 8 * eight + i] = scale * (iq1Value(point, i) + shift);
    }
  },
};
