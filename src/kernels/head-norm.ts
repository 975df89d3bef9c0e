import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';

export const headNormParams = paramLayout({ stride: 'u32', offset: 'u32', size: 'u32', epsilon: 'f32' });

/** RMS norm in place of `segments` neighbouring segments of each row, from `offset` on, all with one weight. */
export function headNorm(args: {
  x: DeviceBuffer; // [rows × stride] f32
  weight: DeviceBuffer; // [size] f32
  stride: number;
  offset: number;
  segments: number;
  size: number;
  epsilon: number;
}): Dispatch {
  const { stride, offset, size, epsilon } = args;
  return {
    kernel: 'head_norm',
    shader: 'head_norm',
    modules: {},
    constants: {},
    params: headNormParams.encode({ stride, offset, size, epsilon }),
    buffers: [
      { buffer: args.weight, access: 'read' },
      { buffer: args.x, access: 'write' },
    ],
    grid: (rows) => [args.segments, rows, 1],
  };
}
