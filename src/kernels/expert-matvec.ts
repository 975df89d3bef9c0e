import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { ACTIVATION_CODES, EPILOGUE_CODES, type Epilogue, type GluKind } from './linear';
import type { MatvecVariant } from './matvec';
import { paramLayout } from './params';
import { matrixPlanes, sidePlaneWord, UNIT_ELEMENTS, type WeightMatrix } from './weight-matrix';

export const expertMatvecParams = paramLayout({
  rows: 'u32',
  units: 'u32',
  plane: 'u32',
  used: 'u32',
  up: 'u32',
  firstExpert: 'u32',
  experts: 'u32',
  yStride: 'u32',
  yOffset: 'u32',
});

const THREADS = 64;
/** Threads that share a weight row, by the shape that the adapter's matvec has. */
const LANES: Readonly<Record<MatvecVariant, number>> = { rows: 1, lanes: 8, subgroup: 16 };

export interface ExpertMatvecArgs {
  /** [experts·rows × columns]; for `glu` the gates of all experts, then their ups. */
  readonly weights: WeightMatrix;
  /** In `weights`: all, or some that follow each other. What is routed to others is left alone. */
  readonly experts: number;
  /** 0 if not given. */
  readonly firstExpert?: number;
  /** Of the layer, whatever lies in `weights`; those in `weights` if not given. */
  readonly allExperts?: number;
  /** Experts a row uses. */
  readonly used: number;
  readonly routes: DeviceBuffer; // [rows × used] of (expert, weight), from `route`
  readonly x: DeviceBuffer; // [rows × columns] f32; for `add` [rows·used × columns]
  readonly y: DeviceBuffer; // [rows·used × yStride] f32; for `add` [rows × yStride]
  readonly yStride: number;
  readonly yOffset?: number;
  /** `add`: the weighted sum over a row's experts joins y; the others give a row of y for each of its experts. */
  readonly epilogue: Epilogue;
  /** One, or for `glu` those of gate and up; none: empty. */
  readonly biases: readonly DeviceBuffer[]; // [all experts·rows] f32 each
  /** Of `glu`; SiLU if not given. */
  readonly activation?: GluKind;
  readonly variant: MatvecVariant;
}

/** A linear layer of the experts that rows are routed to, for prompt and generated rows alike. A row's sums depend on nothing else. */
export function expertMatvec(args: ExpertMatvecArgs): Dispatch {
  const { weights, experts, used, epilogue, allExperts = experts } = args;
  const rows = weights.rows / experts / (epilogue === 'glu' ? 2 : 1);
  const lanes = LANES[args.variant];
  const [bias = args.x, upBias = args.x] = args.biases; // without biases not read, but every binding has a buffer
  return {
    kernel: 'expert_matvec',
    shader: 'expert_matvec',
    modules: { quant: weights.format.module },
    constants: {
      EPILOGUE: EPILOGUE_CODES[epilogue],
      ACTIVATION: ACTIVATION_CODES[args.activation ?? 'silu'],
      BIAS: args.biases.length === 0 ? 0 : 1,
      LANES: lanes,
      THREADS,
    },
    params: expertMatvecParams.encode({
      rows,
      units: weights.columns / UNIT_ELEMENTS,
      plane: sidePlaneWord(weights),
      used,
      up: experts * rows,
      firstExpert: args.firstExpert ?? 0,
      experts,
      yStride: args.yStride,
      yOffset: args.yOffset ?? 0,
    }),
    buffers: [
      { buffer: weights.buffer, access: 'read' },
      { buffer: args.x, access: 'read' },
      { buffer: args.routes, access: 'read' },
      { buffer: bias, access: 'read' },
      { buffer: upBias, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (batch) => [divideUp(rows, THREADS / lanes), 1, epilogue === 'add' ? batch : batch * used],
    // Of some of the experts, their share: where a row is routed to is known on the device alone.
    weightBytesRead: (batch) => Math.round((matrixPlanes(weights).totalBytes * batch * used) / allExperts),
  };
}
