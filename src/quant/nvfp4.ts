import { E2M1_DOUBLED } from './e2m1';
import type { QuantFormat } from './format';

/** A byte that stands for no number; ggml reads it as 0. */
const NO_NUMBER = 0x7f;

/**
 * Four scales (unsigned E4M3, a byte each), then 8 bytes of E2M1 nibbles for each of them, the lower ones first.
 * Value = scale · E2M1. Source: NVIDIA's NVFP4; ggml's block_nvfp4.
 */
export const NVFP4: QuantFormat = {
  type: 'NVFP4',
  module: 'nvfp4',
  inBytes: false,
  blockElements: 64,
  blockBytes: 36,
  side: null,
  dequantizeBlock(bytes, offset, out, outOffset) {
    for (let i = 0; i < 32; i++) {
      const part = i >> 3;
      const halfScale = halfOf(bytes.getUint8(offset + part));
      const byte = bytes.getUint8(offset + 4 + i);
      const at = outOffset + 16 * part + (i & 7);
      out[at] = (E2M1_DOUBLED[byte & 15] ?? 0) * halfScale;
      out[at + 8] = (E2M1_DOUBLED[byte >> 4] ?? 0) * halfScale;
    }
  },
};

/** Half of an E4M3 number; the highest bit says nothing. */
function halfOf(byte: number): number {
  if (byte === NO_NUMBER) return 0;
  const exponent = (byte >> 3) & 15;
  const fraction = byte & 7;
  return exponent === 0 ? fraction * 2 ** -10 : (8 + fraction) * 2 ** (exponent - 11);
}
