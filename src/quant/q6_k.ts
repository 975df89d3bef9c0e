import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/**
 * 128 bytes of nibbles, 64 bytes of upper bit pairs, 16 signed bytes of scales, half scale. Element 128c + 64n + m is
 * nibble n of byte 64c + m; element 128c + 32s + l has the bits 2s of upper byte 32c + l. Value = scale · (six bits − 32).
 */
export const Q6_K: QuantFormat = {
  type: 'Q6_K',
  module: 'q6_k',
  inBytes: true,
  blockElements: 256,
  blockBytes: 210,
  side: { offsetBytes: 208, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset + 208, true));
    for (let i = 0; i < 256; i++) {
      const low = (bytes.getUint8(offset + 64 * (i >> 7) + (i & 63)) >> (4 * ((i >> 6) & 1))) & 15;
      const high = (bytes.getUint8(offset + 128 + 32 * (i >> 7) + (i & 31)) >> (2 * ((i >> 5) & 3))) & 3;
      out[outOffset + i] = scale * bytes.getInt8(offset + 192 + (i >> 4)) * ((low | (high << 4)) - 32);
    }
  },
};
