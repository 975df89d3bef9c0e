import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { ACTIVATION_CODES, type Activation } from './linear';
import { paramLayout } from './params';

export const activationParams = paramLayout({ size: 'u32' });

/** x = activation(x), in place. */
export function activate(args: {
  x: DeviceBuffer; // [rows × size] f32
  size: number;
  activation: Activation;
}): Dispatch {
  return {
    kernel: 'activation',
    shader: 'activation',
    modules: {},
    constants: { ACTIVATION: ACTIVATION_CODES[args.activation] },
    params: activationParams.encode({ size: args.size }),
    buffers: [{ buffer: args.x, access: 'write' }],
    grid: (rows) => [divideUp(args.size, 64), rows, 1],
  };
}
