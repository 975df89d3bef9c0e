import { E2M1_DOUBLED } from './e2m1';
import type { QuantFormat } from './format';

/**
 * A byte of exponent (E8M0), 16 bytes of E2M1 nibbles as in Q4_1. Value = 2^(exponent − 127) · E2M1.
 * Source: OCP Microscaling Formats 1.0.
 */
export const MXFP4: QuantFormat = {
  type: 'MXFP4',
  module: 'mxfp4',
  inBytes: true,
  blockElements: 32,
  blockBytes: 17,
  side: { offsetBytes: 0, sizeBytes: 1 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const halfScale = 2 ** (bytes.getUint8(offset) - 128);
    for (let i = 0; i < 16; i++) {
      const byte = bytes.getUint8(offset + 1 + i);
      out[outOffset + i] = (E2M1_DOUBLED[byte & 15] ?? 0) * halfScale;
      out[outOffset + 16 + i] = (E2M1_DOUBLED[byte >> 4] ?? 0) * halfScale;
    }
  },
};
