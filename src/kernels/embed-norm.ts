import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';
import { sidePlaneWord, UNIT_ELEMENTS, type WeightMatrix } from './weight-matrix';

export const embedNormParams = paramLayout({
  units: 'u32',
  plane: 'u32',
  scale: 'f32',
  rows: 'u32',
  epsilon: 'f32',
});

/**
 * `embed` of tokens and the `rmsnorm` of what it gives, with the same bits: y[r, k] = scale · W[token(r), k], and normed[r] =
 * y[r] · norm / rms(y[r]).
 */
export function embedNorm(args: {
  weights: WeightMatrix; // [rows of the table × hidden]
  sampled: DeviceBuffer; // [slots] u32
  y: DeviceBuffer; // [rows × hidden] f32
  scale: number;
  norm: DeviceBuffer; // [hidden] f32
  normed: DeviceBuffer; // [rows × hidden] f32
  epsilon: number;
}): Dispatch {
  const { weights, scale, epsilon } = args;
  return {
    kernel: 'embed_norm',
    shader: 'embed_norm',
    modules: { quant: weights.format.module },
    constants: {},
    params: embedNormParams.encode({
      units: weights.columns / UNIT_ELEMENTS,
      plane: sidePlaneWord(weights),
      scale,
      rows: weights.rows,
      epsilon,
    }),
    buffers: [
      { buffer: weights.buffer, access: 'read' },
      { buffer: args.sampled, access: 'read' },
      { buffer: args.y, access: 'write' },
      { buffer: args.norm, access: 'read' },
      { buffer: args.normed, access: 'write' },
    ],
    grid: (rows) => [1, rows, 1],
  };
}
