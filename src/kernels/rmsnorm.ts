import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';

export const rmsnormParams = paramLayout({ quads: 'u32', epsilon: 'f32', ofOutputs: 'u32' });

/** y[r] = x[s] · weight / rms(x[s]); s is r, or with `ofOutputs` the row that output r reads. */
export function rmsnorm(args: {
  x: DeviceBuffer; // [rows × hidden] f32
  weight: DeviceBuffer; // [hidden] f32
  y: DeviceBuffer; // [rows or outputs × hidden] f32
  hidden: number;
  epsilon: number;
  ofOutputs?: boolean;
}): Dispatch {
  return {
    kernel: 'rmsnorm',
    shader: 'rmsnorm',
    module: '',
    constants: {},
    params: rmsnormParams.encode({
      quads: args.hidden / 4,
      epsilon: args.epsilon,
      ofOutputs: args.ofOutputs === true ? 1 : 0,
    }),
    buffers: [
      { buffer: args.x, access: 'read' },
      { buffer: args.weight, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (rows) => [1, rows, 1],
  };
}
