import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { divideUp } from '../base/units';
import { EPILOGUE_CODES } from './linear';
import { paramLayout } from './params';
import { sidePlaneWord, UNIT_ELEMENTS, type WeightMatrix } from './weight-matrix';

export const embedParams = paramLayout({ units: 'u32', plane: 'u32', scale: 'f32', firstRow: 'u32', rows: 'u32' });

/** Which row of the table a row takes. `zero`: always the first. */
export type RowIndex = 'token' | 'position' | 'zero';

export const ROW_INDEX_CODES: Readonly<Record<RowIndex, number>> = { token: 0, position: 1, zero: 2 };

/**
 * y[r, k] = scale · W[index(r), k], or added to y; a row's token is in the step input, or in `sampled` under its slot. Rows
 * of y whose index is not among the weights' rows stay as they are.
 */
export function embed(args: {
  weights: WeightMatrix; // [rows of the table × hidden], or some of them
  /** The index of the weights' first row; 0 if not given. */
  firstRow?: number;
  sampled: DeviceBuffer; // [slots] u32
  y: DeviceBuffer; // [rows × hidden] f32
  scale: number;
  /** The token if not given. */
  index?: RowIndex;
  epilogue?: 'store' | 'add';
}): Dispatch {
  const units = args.weights.columns / UNIT_ELEMENTS;
  return {
    kernel: 'embed',
    shader: 'embed',
    modules: { quant: args.weights.format.module },
    constants: { EPILOGUE: EPILOGUE_CODES[args.epilogue ?? 'store'], INDEX: ROW_INDEX_CODES[args.index ?? 'token'] },
    params: embedParams.encode({
      units,
      plane: sidePlaneWord(args.weights),
      scale: args.scale,
      firstRow: args.firstRow ?? 0,
      rows: args.weights.rows,
    }),
    buffers: [
      { buffer: args.weights.buffer, access: 'read' },
      { buffer: args.sampled, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (rows) => [divideUp(units, 64), rows, 1],
  };
}
