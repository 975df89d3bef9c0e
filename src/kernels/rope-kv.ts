import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { KV_POOL_CODES, kvConstants, kvPlaneElements, kvUnitElements, type KvLayer } from './kv-layout';
import { paramLayout } from './params';

export const ropeKvParams = paramLayout({
  heads: 'u32',
  pairs: 'u32',
  table: 'u32',
  halves: 'u32',
  vPlane: 'u32',
  pool: 'u32',
});

const THREADS = 64;

/** Threads of a workgroup: four elements each, and whole keys with their values where units share a scale. */
function threadsOf({ type, headSize }: KvLayer): number {
  if (kvUnitElements(type) === 1) return THREADS;
  const pair = headSize / 2;
  return pair * Math.max(1, Math.floor(THREADS / pair));
}

/** Rotates queries and keys by their position and writes keys and values into the cache. */
export function ropeKv(args: {
  qkv: DeviceBuffer; // [rows × (heads + 2·kvHeads)·headSize] f32
  q: DeviceBuffer; // [rows × heads·headSize] f32
  kv: KvLayer;
  heads: number;
  /** Rotated pairs a head; even. 0: no rotation. */
  pairs: number;
  /** Which of the step input's cos/sin tables. */
  table: number;
  /** What a pair is: neighbours (2i, 2i + 1), or halves (i, i + pairs). */
  pairing: 'neighbours' | 'halves';
}): Dispatch {
  const elements = (args.heads + 2 * args.kv.kvHeads) * args.kv.headSize;
  const threads = threadsOf(args.kv);
  return {
    kernel: 'rope_kv',
    shader: 'rope_kv',
    modules: { kv: args.kv.type },
    constants: { ...kvConstants(args.kv), THREADS: threads },
    params: ropeKvParams.encode({
      heads: args.heads,
      pairs: args.pairs,
      table: args.table,
      halves: args.pairing === 'halves' ? 1 : 0,
      vPlane: kvPlaneElements(args.kv),
      pool: KV_POOL_CODES[args.kv.pool],
    }),
    buffers: [
      { buffer: args.qkv, access: 'read' },
      { buffer: args.q, access: 'write' },
      { buffer: args.kv.buffer, access: 'write' },
    ],
    grid: (rows) => [divideUp(elements / 4, threads), rows, 1],
  };
}
