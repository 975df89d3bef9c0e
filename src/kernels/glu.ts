import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { ACTIVATION_CODES, type GluKind } from './linear';
import { paramLayout } from './params';

export const gluParams = paramLayout({ size: 'u32', yStride: 'u32', yOffset: 'u32' });

/** y[r, yOffset + k] = gated(x[r, k], x[r, size + k]), by default silu(x[r, k]) · x[r, size + k]. */
export function glu(args: {
  x: DeviceBuffer; // [rows·segments × 2·size] f32
  y: DeviceBuffer; // [rows·segments × yStride] f32
  size: number;
  /** `size` if not given. */
  yStride?: number;
  yOffset?: number;
  activation?: GluKind;
  /** Of a row of the step; 1 if not given. */
  segments?: number;
}): Dispatch {
  return {
    kernel: 'glu',
    shader: 'glu',
    modules: {},
    constants: { ACTIVATION: ACTIVATION_CODES[args.activation ?? 'silu'] },
    params: gluParams.encode({ size: args.size, yStride: args.yStride ?? args.size, yOffset: args.yOffset ?? 0 }),
    buffers: [
      { buffer: args.x, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (rows) => [divideUp(args.size, 64), rows * (args.segments ?? 1), 1],
  };
}
