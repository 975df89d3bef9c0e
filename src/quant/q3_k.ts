import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/**
 * 32 bytes of third bits, 64 bytes of two-bit quants as in Q2_K, 12 bytes of scales, half scale. Bit j of third-bit byte
 * l belongs to element 32j + l. Value = scale · (quant + 4 · third − 4).
 */
export const Q3_K: QuantFormat = {
  type: 'Q3_K',
  module: 'q3_k',
  inBytes: true,
  blockElements: 256,
  blockBytes: 110,
  side: { offsetBytes: 108, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset + 108, true));
    for (let i = 0; i < 256; i++) {
      const third = (bytes.getUint8(offset + (i & 31)) >> (i >> 5)) & 1;
      const byte = bytes.getUint8(offset + 32 + 32 * (i >> 7) + (i & 31));
      const quant = (byte >> (2 * ((i >> 5) & 3))) & 3;
      out[outOffset + i] = scale * subScale(bytes, offset + 96, i >> 4) * (quant + 4 * third - 4);
    }
  },
};

/** Scale `i` of 16, six bits: the low four are a nibble of bytes 0 to 7, the high two are in bytes 8 to 11. */
function subScale(bytes: DataView, at: number, i: number): number {
  const low = (bytes.getUint8(at + (i & 7)) >> (4 * (i >> 3))) & 15;
  const high = (bytes.getUint8(at + 8 + (i & 3)) >> (2 * (i >> 2))) & 3;
  return (low | (high << 4)) - 32;
}
