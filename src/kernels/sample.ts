import type { DeviceBuffer } from '../device/device';
import { topk, type CandidateArgs, type Candidates } from './candidates';
import { paramLayout } from './params';

export const sampleParams = paramLayout({ size: 'u32' });

/**
 * The token of each output, drawn as the step input's draws say from its 64 best; it also becomes its slot's token in `sampled`.
 * The result is [outputs] of (order key of the best, id drawn). Where the draw is not within 1e-5 of a boundary, src/sampling
 * draws the same.
 */
export function sample(args: CandidateArgs & { readonly sampled: DeviceBuffer }): Candidates {
  const best = topk(args);
  const [, result] = args.scratch; // topk is done with it
  return {
    dispatches: [
      ...best.dispatches,
      {
        kernel: 'sample',
        shader: 'sample',
        modules: {},
        constants: {},
        params: sampleParams.encode({ size: args.size }),
        buffers: [
          { buffer: best.result, access: 'read' },
          { buffer: result, access: 'write' },
          { buffer: args.sampled, access: 'write' },
        ],
        grid: (outputs) => [1, outputs, 1],
      },
    ],
    result,
  };
}
