import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { KV_BLOCK_TOKENS } from './kv-layout';
import { paramLayout } from './params';

export const keepTokensParams = paramLayout({ blockTokens: 'u32' });

/** Bytes of the tokens of `blocks` KV blocks. */
export function textBytes(blocks: number): number {
  return blocks * KV_BLOCK_TOKENS * 4;
}

/** Puts the token of each row into `text`, where its block of the pool that sees all is in the KV cache. */
export function keepTokens(args: {
  readonly text: DeviceBuffer; // [blocks × block tokens] u32
  readonly sampled: DeviceBuffer; // [slots] u32
}): Dispatch {
  return {
    kernel: 'keep_tokens',
    shader: 'keep_tokens',
    modules: {},
    constants: {},
    params: keepTokensParams.encode({ blockTokens: KV_BLOCK_TOKENS }),
    buffers: [
      { buffer: args.text, access: 'write' },
      { buffer: args.sampled, access: 'read' },
    ],
    grid: (rows) => [divideUp(rows, 64), 1, 1],
  };
}
