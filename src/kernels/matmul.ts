import { assert } from '../base/assert';
import { divideUp } from '../base/units';
import type { Dispatch } from '../device/plan';
import { EPILOGUE_CODES, linearFields, linearParams, linearRows, type LinearArgs } from './linear';
import { matrixPlanes } from './weight-matrix';

/** `rows`: 4 × 8 sums a thread, no barrier. `tile`: 64 × 64 tiles in workgroup memory. */
export const MATMUL_VARIANTS = ['rows', 'tile'] as const;
/** Tokens a thread takes at once: x must have rows up to the next multiple, whatever is in them. */
export const TOKEN_TILE = 8;
export type MatmulVariant = (typeof MATMUL_VARIANTS)[number];

/** What a workgroup computes at once. */
const TILES: Readonly<Record<MatmulVariant, { readonly rows: number; readonly tokens: number }>> = {
  rows: { rows: 4 * 64, tokens: TOKEN_TILE },
  tile: { rows: 64, tokens: 64 },
};

/** The prefill kernel of a linear layer. A token's sums are in one order whatever the chunk. No `glu` epilogue, no norm. */
export function matmul(args: LinearArgs & { readonly variant: MatmulVariant }): Dispatch {
  assert(args.epilogue !== 'glu', 'matmul has no glu epilogue');
  assert(args.norm === undefined, 'matmul takes no norm');
  const rows = linearRows(args);
  const tile = TILES[args.variant];
  return {
    kernel: 'matmul',
    shader: `matmul_${args.variant}`,
    modules: { quant: args.weights.format.module },
    constants: { EPILOGUE: EPILOGUE_CODES[args.epilogue] },
    params: linearParams.encode(linearFields(args)),
    buffers: [
      { buffer: args.weights.buffer, access: 'read' },
      { buffer: args.x, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    // Tiles of tokens over the same weight rows are neighbours, which find these in the cache.
    grid: (tokens) => [divideUp(tokens, tile.tokens), divideUp(rows, tile.rows), 1],
    weightBytesRead: (tokens) => matrixPlanes(args.weights).totalBytes * divideUp(tokens, tile.tokens),
  };
}
