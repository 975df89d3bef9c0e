import { assert } from '../base/assert';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { kvConstants, kvPlaneElements, type KvLayer } from './kv-layout';
import { paramLayout } from './params';

export const attentionParams = paramLayout({ scale: 'f32', vPlane: 'u32' });

/** Query heads that may share a KV head: the size of the kernel's private arrays. */
export const MAX_ATTENTION_GROUP = 16;
/** Head sizes the kernel takes: multiples of 4 up to this. */
export const MAX_HEAD_SIZE = 256;

/** Causal attention of each row over its sequence's cache up to and including its own position. */
export function attention(args: {
  q: DeviceBuffer; // [rows × heads·headSize] f32
  y: DeviceBuffer; // [rows × heads·headSize] f32
  kv: KvLayer;
  heads: number;
  /** Of the scores: usually 1 / √headSize. */
  scale: number;
}): Dispatch {
  const group = args.heads / args.kv.kvHeads;
  assert(Number.isInteger(group) && group <= MAX_ATTENTION_GROUP, 'query heads per KV head');
  assert(args.kv.headSize % 4 === 0 && args.kv.headSize <= MAX_HEAD_SIZE, 'head size');
  return {
    kernel: 'attention',
    shader: 'attention',
    module: args.kv.type,
    constants: { ...kvConstants(args.kv), GROUP: group },
    params: attentionParams.encode({ scale: args.scale, vPlane: kvPlaneElements(args.kv) }),
    buffers: [
      { buffer: args.kv.buffer, access: 'write' }, // read only, but one declaration serves both users of the cache
      { buffer: args.q, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (rows) => [args.kv.kvHeads, rows, 1],
  };
}
