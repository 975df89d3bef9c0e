import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';

export const softcapParams = paramLayout({ size: 'u32', cap: 'f32' });

/** x = cap · tanh(x / cap), in place. */
export function softcap(args: {
  x: DeviceBuffer; // [outputs × size] f32
  size: number;
  cap: number;
}): Dispatch {
  return {
    kernel: 'softcap',
    shader: 'softcap',
    modules: {},
    constants: {},
    params: softcapParams.encode({ size: args.size, cap: args.cap }),
    buffers: [{ buffer: args.x, access: 'write' }],
    grid: (outputs) => [divideUp(args.size, 64), outputs, 1],
  };
}
