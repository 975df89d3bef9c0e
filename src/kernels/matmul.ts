import { assert } from '../base/assert';
import { divideUp } from '../base/units';
import type { Dispatch } from '../device/plan';
import { EPILOGUE_CODES, linearFields, linearParams, linearRows, type LinearArgs } from './linear';
import { matrixPlanes } from './weight-matrix';

/**
 * Tokens of a tile, which share one reading of the weights: a chunk of no more reads them once. In a wide tile a short chunk leaves most
 * threads idle. 16 is for software adapters, which have a kernel of their own.
 */
export const CHUNK_WIDTHS = [16, 64, 256, 512] as const;
export type ChunkWidth = (typeof CHUNK_WIDTHS)[number];

/** Those of a device. A software adapter computes fewer than 16 tokens in the time that a page has for a step, and wins little by more. */
export function chunkWidthsOf({ isSoftware = false }: { readonly isSoftware?: boolean }): readonly ChunkWidth[] {
  return CHUNK_WIDTHS.filter((width) => (width === 16) === isSoftware);
}

/** Of the widths that may be used, narrow ones first, those that chunks of up to `most` tokens have a use for. */
export function usefulChunkWidths(allowed: readonly ChunkWidth[], most: number): readonly ChunkWidth[] {
  return allowed.filter((_, i) => (allowed[i - 1] ?? 0) < most);
}

/** The most tokens that a thread takes at once: x must have rows up to the next multiple, whatever is in them. */
export const TOKEN_TILE = 16;

/** Weight rows of a tile. A thread takes 8 of them and 8 tokens, or 16, so that it has at most 256 threads, which every device has. */
const TILE_ROWS: Readonly<Record<ChunkWidth, number>> = { 16: 8 * 8, 64: 64, 256: 64, 512: 32 };

export interface MatmulArgs extends LinearArgs {
  readonly width: ChunkWidth;
}

/** The prefill kernel of a linear layer. A token's bits are the same with any width, whatever the chunk. No `glu` epilogue, no norm. */
export function matmul(args: MatmulArgs): Dispatch {
  const { epilogue, weights, width, x, y } = args;
  assert(epilogue !== 'glu', 'matmul has no glu epilogue');
  assert(args.norm === undefined, 'matmul takes no norm');
  const tileRows = TILE_ROWS[width];
  const groups = divideUp(linearRows(args), tileRows);
  const isTiled = width !== 16;
  return {
    kernel: 'matmul',
    shader: isTiled ? 'matmul' : 'matmul_rows',
    modules: { quant: weights.format.module },
    constants: { EPILOGUE: EPILOGUE_CODES[epilogue], ...(isTiled && { TOKENS: width, ROWS: tileRows }) },
    params: linearParams.encode(linearFields(args)),
    buffers: [
      { buffer: weights.buffer, access: 'read' },
      { buffer: x, access: 'read' },
      { buffer: y, access: 'write' },
    ],
    // Tiles of tokens over the same weight rows are neighbours, which find these in the cache.
    grid: (tokens) => [divideUp(tokens, width), groups, 1],
    weightBytesRead: (tokens) => matrixPlanes(weights).totalBytes * divideUp(tokens, width),
  };
}
