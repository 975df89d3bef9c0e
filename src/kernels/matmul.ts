import { assert } from '../base/assert';
import { divideUp } from '../base/units';
import type { Dispatch } from '../device/plan';
import { encodeLinear, EPILOGUE_CODES, linearRows, type LinearArgs } from './linear';

/** `rows`: 4 × 8 sums a thread, no barrier. `tile`: 64 × 64 tiles in workgroup memory. */
export const MATMUL_VARIANTS = ['rows', 'tile'] as const;
/** Tokens a thread takes at once: x must have rows up to the next multiple, whatever is in them. */
export const TOKEN_TILE = 8;
export type MatmulVariant = (typeof MATMUL_VARIANTS)[number];

/** The prefill kernel of a linear layer. A token's sums are in one order whatever the chunk. No `glu` epilogue. */
export function matmul(args: LinearArgs & { readonly variant: MatmulVariant }): Dispatch {
  assert(args.epilogue !== 'glu', 'matmul has no glu epilogue');
  const rows = linearRows(args);
  return {
    kernel: 'matmul',
    shader: `matmul_${args.variant}`,
    module: args.weights.format.module,
    constants: { EPILOGUE: EPILOGUE_CODES[args.epilogue] },
    params: encodeLinear(args),
    buffers: [
      { buffer: args.weights.buffer, access: 'read' },
      { buffer: args.x, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (tokens) =>
      args.variant === 'rows'
        ? [divideUp(rows, 4 * 64), divideUp(tokens, TOKEN_TILE), 1]
        : [divideUp(rows, 64), divideUp(tokens, 64), 1],
  };
}
