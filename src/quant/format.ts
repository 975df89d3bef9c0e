import type { GgmlType } from '../gguf/ggml-type';

/**
 * A block format. On the device a tensor lies as one plane of whole words per block and, where the block is no multiple
 * of four bytes, a second plane with the bytes that stand out (a half scale): the same size as in the file, all word reads
 * aligned. Layouts: ggml's block structures (ggml-common.h).
 */
export interface QuantFormat {
  readonly type: GgmlType;
  /** Name of the shader module, `shaders/quant/<module>.wgsl`. */
  readonly module: string;
  readonly blockElements: number;
  readonly blockBytes: number;
  /** Its weights are bytes with scales: the shader module has `byte_unit`, for kernels whose activations are bytes too. */
  readonly inBytes: boolean;
  /** Which bytes of a block go to the side plane; `null`: none. */
  readonly side: { readonly offsetBytes: number; readonly sizeBytes: 1 | 2 } | null;
  /** Writes the `blockElements` values of the block at `offset` of `bytes` to `out` at `outOffset`. The oracle. */
  dequantizeBlock(bytes: DataView, offset: number, out: Float32Array, outOffset: number): void;
}

/** The values of whole blocks as they lie in a file. */
export function dequantize(format: QuantFormat, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const blocks = Math.floor(bytes.byteLength / format.blockBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(blocks * format.blockElements);
  for (let i = 0; i < blocks; i++) format.dequantizeBlock(view, i * format.blockBytes, out, i * format.blockElements);
  return out;
}
