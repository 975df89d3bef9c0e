import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { ACTIVATION_CODES, type Activation } from './linear';
import { paramLayout } from './params';

export const gluParams = paramLayout({ size: 'u32' });

/** y[r, k] = activation(x[r, k]) · x[r, size + k]. */
export function glu(args: {
  x: DeviceBuffer; // [rows × 2·size] f32
  y: DeviceBuffer; // [rows × size] f32
  size: number;
  activation?: Activation;
}): Dispatch {
  return {
    kernel: 'glu',
    shader: 'glu',
    module: '',
    constants: { ACTIVATION: ACTIVATION_CODES[args.activation ?? 'silu'] },
    params: gluParams.encode({ size: args.size }),
    buffers: [
      { buffer: args.x, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (rows) => [divideUp(args.size, 64), rows, 1],
  };
}
