import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';

export const layernormParams = paramLayout({ quads: 'u32', epsilon: 'f32' });

/** x[r] = (x[r] − mean) / √(variance + epsilon) · weight + bias, in place. */
export function layernorm(args: {
  x: DeviceBuffer; // [rows × hidden] f32
  weight: DeviceBuffer; // [hidden] f32
  bias: DeviceBuffer; // [hidden] f32
  hidden: number;
  epsilon: number;
}): Dispatch {
  return {
    kernel: 'layernorm',
    shader: 'layernorm',
    modules: {},
    constants: {},
    params: layernormParams.encode({ quads: args.hidden / 4, epsilon: args.epsilon }),
    buffers: [
      { buffer: args.weight, access: 'read' },
      { buffer: args.bias, access: 'read' },
      { buffer: args.x, access: 'write' },
    ],
    grid: (rows) => [1, rows, 1],
  };
}
