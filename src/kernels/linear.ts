import type { DeviceBuffer } from '../device/device';
import { paramLayout } from './params';
import { sidePlaneWord, UNIT_ELEMENTS, type WeightMatrix } from './weight-matrix';

/** What matvec and matmul share: one linear layer, y[r, yOffset + n] = Σ_k W[n, k] · x[r, k], then the epilogue. */
export interface LinearArgs {
  readonly weights: WeightMatrix;
  readonly x: DeviceBuffer; // [rows × columns] f32
  readonly y: DeviceBuffer; // [rows × yStride] f32
  readonly yStride: number;
  readonly yOffset?: number;
  readonly epilogue: Epilogue;
}

/** `swiglu`: the matrix holds gate above up; y = silu(gate·x) · (up·x), half as many rows. */
export type Epilogue = 'store' | 'add' | 'swiglu';

export const EPILOGUE_CODES: Readonly<Record<Epilogue, number>> = { store: 0, add: 1, swiglu: 2 };

export const linearParams = paramLayout({ rows: 'u32', units: 'u32', plane: 'u32', yStride: 'u32', yOffset: 'u32' });

/** Rows of y that the layer gives. */
export function linearRows(args: LinearArgs): number {
  return args.epilogue === 'swiglu' ? args.weights.rows / 2 : args.weights.rows;
}

export function encodeLinear(args: LinearArgs): Uint32Array {
  return linearParams.encode({
    rows: linearRows(args),
    units: args.weights.columns / UNIT_ELEMENTS,
    plane: sidePlaneWord(args.weights),
    yStride: args.yStride,
    yOffset: args.yOffset ?? 0,
  });
}
