import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

/** Half scale, then 32 signed bytes. */
export const Q8_0: QuantFormat = {
  type: 'Q8_0',
  module: 'q8_0',
  inBytes: true,
  blockElements: 32,
  blockBytes: 34,
  side: { offsetBytes: 0, sizeBytes: 2 },
  dequantizeBlock(bytes, offset, out, outOffset) {
    const scale = f16ToF32(bytes.getUint16(offset, true));
    for (let i = 0; i < 32; i++) out[outOffset + i] = bytes.getInt8(offset + 2 + i) * scale;
  },
};
