import { f16ToF32 } from '../base/f16';
import type { QuantFormat } from './format';

export const F16: QuantFormat = {
  type: 'F16',
  module: 'f16',
  inBytes: false,
  blockElements: 1,
  blockBytes: 2,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    out[outOffset] = f16ToF32(bytes.getUint16(offset, true));
  },
};
