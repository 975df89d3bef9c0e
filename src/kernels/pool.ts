import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';

/** How the rows of a sequence become one vector. */
export type Pooling = 'mean' | 'first' | 'last';

export const POOLING_CODES: Readonly<Record<Pooling, number>> = { mean: 0, first: 1, last: 2 };

export const poolParams = paramLayout({ hidden: 'u32' });

/** One vector of a step that is one whole sequence: the mean of its rows, the first, or the last. */
export function pool(args: {
  x: DeviceBuffer; // [rows × hidden] f32
  y: DeviceBuffer; // [hidden] f32
  hidden: number;
  pooling: Pooling;
}): Dispatch {
  return {
    kernel: 'pool',
    shader: 'pool',
    modules: {},
    constants: { POOLING: POOLING_CODES[args.pooling] },
    params: poolParams.encode({ hidden: args.hidden }),
    buffers: [
      { buffer: args.x, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: () => [divideUp(args.hidden, 64), 1, 1],
  };
}
