import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/**
 * 52 bytes of ternary digits, half scale. A byte holds five digits (the last four bytes: four), as a fraction of 256: its
 * digit p is the integer part of 3 · (byte · 3^p mod 256) ÷ 256. Elements go through the digits of 32 bytes, of 16, of 4:
 * first the first digit of each byte, then the second. Value = scale · (digit − 1).
 */
export const TQ1_0: QuantFormat = {
  type: 'TQ1_0',
  module: 'tq1_0',
  inBytes: false,
  blockElements: 256,
  blockBytes: 54,
  side: { offsetBytes: 52, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset + 52, true));
    let at = outOffset;
    for (const { firstByte, length, digits } of PARTS) {
      for (let digit = 0; digit < digits; digit++) {
        for (let i = 0; i < length; i++) {
          const rest = (bytes.getUint8(offset + firstByte + i) * 3 ** digit) & 255;
          out[at++] = scale * (((rest * 3) >> 8) - 1);
        }
      }
    }
  },
};

const PARTS = [
  { firstByte: 0, length: 32, digits: 5 },
  { firstByte: 32, length: 16, digits: 5 },
  { firstByte: 48, length: 4, digits: 4 },
];
