import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { divideUp } from '../base/units';
import { paramLayout } from './params';
import { sidePlaneWord, UNIT_ELEMENTS, type WeightMatrix } from './weight-matrix';

export const embedParams = paramLayout({ units: 'u32', plane: 'u32', scale: 'f32' });

/** y[r, k] = scale · W[token(r), k]; a row's token is in the step input, or in `sampled` under its slot. */
export function embed(args: {
  weights: WeightMatrix; // [vocabulary × hidden]
  sampled: DeviceBuffer; // [slots] u32
  y: DeviceBuffer; // [rows × hidden] f32
  scale: number;
}): Dispatch {
  const units = args.weights.columns / UNIT_ELEMENTS;
  return {
    kernel: 'embed',
    shader: 'embed',
    module: args.weights.format.module,
    constants: {},
    params: embedParams.encode({ units, plane: sidePlaneWord(args.weights), scale: args.scale }),
    buffers: [
      { buffer: args.weights.buffer, access: 'read' },
      { buffer: args.sampled, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (rows) => [divideUp(units, 64), rows, 1],
  };
}
