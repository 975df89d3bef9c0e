import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';
import { IQ1_DELTA, IQ1_GRID, iq1Value } from './iq-grids';

/**
 * For each 8 elements a byte of grid index, then a nibble (three upper bits of the index, the sign of the shift), then four
 * u16: each the scales of four times 16 elements, three bits each, and four bits of the half scale.
 * Value = scale · (2 · scale bits + 1) · (grid ± ⅛).
 */
export const IQ1_M: QuantFormat = {
  type: 'IQ1_M',
  module: 'iq1_m',
  inBytes: false,
  blockElements: 256,
  blockBytes: 56,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    let half = 0;
    for (let i = 0; i < 4; i++) half |= (bytes.getUint16(offset + 48 + 2 * i, true) >> 12) << (4 * i);
    const scaleOfAll = f16ToF32(half);
    for (let eight = 0; eight < 32; eight++) {
      const scales = bytes.getUint16(offset + 48 + 2 * (eight >> 3), true);
      const scale = scaleOfAll * (2 * ((scales >> (3 * ((eight >> 1) & 3))) & 7) + 1);
      const nibble = (bytes.getUint8(offset + 32 + (eight >> 1)) >> (4 * (eight & 1))) & 15;
      const shift = nibble & 8 ? -IQ1_DELTA : IQ1_DELTA;
      const point = IQ1_GRID[bytes.getUint8(offset + eight) | ((nibble & 7) << 8)] ?? 0;
      for (let i = 0; i < 8; i++) out[outOffset + 8 * eight + i] = scale * (iq1Value(point, i) + shift);
    }
  },
};
