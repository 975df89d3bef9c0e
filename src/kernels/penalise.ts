import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { KV_BLOCK_TOKENS } from './kv-layout';
import { paramLayout } from './params';

/** Tokens of the vocabulary whose occurrences a workgroup counts: 16 KiB of its memory, which every WebGPU has. */
const SLICE = 4096;

export const penaliseParams = paramLayout({ size: 'u32', blockTokens: 'u32' });

/**
 * Penalises the logits of the outputs for which the step input says so, in place; the others keep their bits. The tokens before an
 * output's row are in `text` already; its own is put there.
 */
export function penalise(args: {
  readonly logits: DeviceBuffer; // [outputs × size] f32
  readonly size: number;
  readonly sampled: DeviceBuffer; // [slots] u32
  readonly text: DeviceBuffer; // [blocks × block tokens] u32
}): Dispatch {
  return {
    kernel: 'penalise',
    shader: 'penalise',
    modules: {},
    constants: {},
    params: penaliseParams.encode({ size: args.size, blockTokens: KV_BLOCK_TOKENS }),
    buffers: [
      { buffer: args.logits, access: 'write' },
      { buffer: args.sampled, access: 'read' },
      { buffer: args.text, access: 'write' },
    ],
    grid: (outputs) => [divideUp(args.size, SLICE), outputs, 1],
  };
}
