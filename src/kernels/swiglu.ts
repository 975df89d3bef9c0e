import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';

export const swigluParams = paramLayout({ size: 'u32' });

/** y[r, k] = silu(x[r, k]) · x[r, size + k]. */
export function swiglu(args: {
  x: DeviceBuffer; // [rows × 2·size] f32
  y: DeviceBuffer; // [rows × size] f32
  size: number;
}): Dispatch {
  return {
    kernel: 'swiglu',
    shader: 'swiglu',
    module: '',
    constants: {},
    params: swigluParams.encode({ size: args.size }),
    buffers: [
      { buffer: args.x, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (rows) => [divideUp(args.size, 64), rows, 1],
  };
}
