import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';

/** Tokens that penalties look at, at most. */
export const PENALTY_WINDOW = 256;

export const penaliseParams = paramLayout({ size: 'u32' });

/** Penalises the logits of the outputs for which the step input says so, in place; the others keep their bits. */
export function penalise(args: {
  readonly logits: DeviceBuffer; // [outputs × size] f32
  readonly size: number;
  readonly sampled: DeviceBuffer;
}): Dispatch {
  return {
    kernel: 'penalise',
    shader: 'penalise',
    modules: {},
    constants: {},
    params: penaliseParams.encode({ size: args.size }),
    buffers: [
      { buffer: args.logits, access: 'write' },
      { buffer: args.sampled, access: 'read' },
    ],
    grid: (outputs) => [1, outputs, 1],
  };
}
