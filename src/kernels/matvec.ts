import { divideUp } from '../base/units';
import type { Dispatch } from '../device/plan';
import { ACTIVATION_CODES, encodeLinear, EPILOGUE_CODES, linearRows, type LinearArgs } from './linear';

/** `rows`: a weight row a thread. `lanes`: 8 threads a row. `subgroup`: a workgroup a row, needs subgroups. */
export const MATVEC_VARIANTS = ['rows', 'lanes', 'subgroup'] as const;
export type MatvecVariant = (typeof MATVEC_VARIANTS)[number];

const THREADS = 64;
const LANES = 8;
const MAX_GROUPS = 65_535; // a WebGPU limit a dimension

/** The decode kernel of a linear layer. Batch rows never share a sum, so a row's answer does not depend on the batch. */
export function matvec(args: LinearArgs & { readonly variant: MatvecVariant }): Dispatch {
  const rows = linearRows(args);
  const variant = fitting(args.variant, rows);
  const epilogue = {
    EPILOGUE: EPILOGUE_CODES[args.epilogue],
    ACTIVATION: ACTIVATION_CODES[args.activation ?? 'silu'],
  };
  return {
    kernel: 'matvec',
    shader: `matvec_${variant}`,
    module: args.weights.format.module,
    constants: variant === 'lanes' ? { ...epilogue, LANES, THREADS } : epilogue,
    params: encodeLinear(args),
    buffers: [
      { buffer: args.weights.buffer, access: 'read' },
      { buffer: args.x, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (batch) => {
      if (variant === 'rows') return [divideUp(rows, THREADS), 1, batch];
      if (variant === 'lanes') return [divideUp(rows, THREADS / LANES), 1, batch];
      const columns = divideUp(rows, MAX_GROUPS);
      return [divideUp(rows, columns), columns, batch];
    },
  };
}

/** Eight rows a workgroup do not reach beyond half a million rows, which only a vocabulary can have. */
function fitting(variant: MatvecVariant, rows: number): MatvecVariant {
  return variant === 'lanes' && rows > (MAX_GROUPS * THREADS) / LANES ? 'rows' : variant;
}
