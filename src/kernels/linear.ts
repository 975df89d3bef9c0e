import type { DeviceBuffer } from '../device/device';
import { paramLayout } from './params';
import { sidePlaneWord, UNIT_ELEMENTS, type WeightMatrix } from './weight-matrix';

/** What matvec and matmul share: one linear layer, y[r, yOffset + n] = Σ_k W[n, k] · x[r, k], then the epilogue. */
export interface LinearArgs {
  readonly weights: WeightMatrix;
  readonly x: DeviceBuffer; // [rows × columns] f32
  /** Of the rows of x, which matvec norms. */
  readonly norm?: RowNorm;
  readonly y: DeviceBuffer; // [rows × yStride] f32
  readonly yStride: number;
  readonly yOffset?: number;
  readonly epilogue: Epilogue;
  /** Of `glu`; SiLU if not given. */
  readonly activation?: Activation;
  /** Of what is stored or added; 1 if not given. */
  readonly scale?: number;
}

/** An RMS norm of rows: x · weight / √(mean(x²) + epsilon). */
export interface RowNorm {
  readonly weight: DeviceBuffer; // [columns] f32
  readonly epsilon: number;
}

/** `glu`: the matrix holds gate above up; y = activation(gate·x) · (up·x), half as many rows. */
export type Epilogue = 'store' | 'add' | 'glu';

export const EPILOGUE_CODES: Readonly<Record<Epilogue, number>> = { store: 0, add: 1, glu: 2 };

export type Activation = 'silu' | 'gelu';

/** Of gated units: with an activation of the gate, or gpt-oss's own, which changes gate and up. */
export type GluKind = Activation | 'swiglu-oai';

export const ACTIVATION_CODES: Readonly<Record<GluKind, number>> = { silu: 0, gelu: 1, 'swiglu-oai': 2 };

const FIELDS = { rows: 'u32', units: 'u32', plane: 'u32', yStride: 'u32', yOffset: 'u32', scale: 'f32' } as const;

export const linearParams = paramLayout(FIELDS);
/** Of matvec: its batch is the step's rows, or with `ofOutputs` its outputs; `epsilon` is its norm's. */
export const matvecParams = paramLayout({ ...FIELDS, ofOutputs: 'u32', epsilon: 'f32' });

/** Rows of y that the layer gives. */
export function linearRows(args: LinearArgs): number {
  return args.epilogue === 'glu' ? args.weights.rows / 2 : args.weights.rows;
}

/** The fields of the params that every kernel of a linear layer has. */
export function linearFields(args: LinearArgs): Parameters<typeof linearParams.encode>[0] {
  return {
    rows: linearRows(args),
    units: args.weights.columns / UNIT_ELEMENTS,
    plane: sidePlaneWord(args.weights),
    yStride: args.yStride,
    yOffset: args.yOffset ?? 0,
    scale: args.scale ?? 1,
  };
}
