import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';

export const addBiasParams = paramLayout({ size: 'u32', stride: 'u32', offset: 'u32' });

/** x[r, offset + k] += bias[k]. */
export function addBias(args: {
  x: DeviceBuffer; // [rows × stride] f32
  bias: DeviceBuffer; // [size] f32
  size: number;
  stride: number;
  offset: number;
}): Dispatch {
  const { size, stride, offset } = args;
  return {
    kernel: 'add_bias',
    shader: 'add_bias',
    modules: {},
    constants: {},
    params: addBiasParams.encode({ size, stride, offset }),
    buffers: [
      { buffer: args.bias, access: 'read' },
      { buffer: args.x, access: 'write' },
    ],
    grid: (rows) => [divideUp(size, 64), rows, 1],
  };
}
