import { assert } from '../base/assert';
import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { KV_BLOCK_TOKENS, KV_POOL_CODES, kvPlaneElements, kvUnitElements, type KvLayer } from './kv-layout';
import type { RowNorm } from './linear';
import { matvecGroups, normUse, type BatchWidth, type RoundedVariant, type MatvecVariant } from './matvec';
import { paramLayout } from './params';
import { matrixPlanes, sidePlaneWord, UNIT_ELEMENTS, type WeightMatrix } from './weight-matrix';

export const qkvParams = paramLayout({
  heads: 'u32',
  kvHeads: 'u32',
  headSize: 'u32',
  units: 'u32',
  plane: 'u32',
  pairs: 'u32',
  table: 'u32',
  vPlane: 'u32',
  pool: 'u32',
  epsilon: 'f32',
});

/** Types of KV cache whose elements share no scale: a thread then stores its pair and asks nobody. */
export function takesPairs({ type }: KvLayer): boolean {
  return kvUnitElements(type) === 1;
}

/**
 * `matvec` over stacked Q, K and V and `ropeKv` of what it gives, in one dispatch and with the same bits. Pairs are neighbours
 * (2i, 2i + 1), so that whoever has the sums of both rows rotates them.
 */
export function qkv(args: {
  weights: WeightMatrix; // [(heads + 2·kvHeads)·headSize × columns]
  x: DeviceBuffer; // [rows × columns] f32
  /** Of the rows of x. */
  norm?: RowNorm;
  q: DeviceBuffer; // [rows × heads·headSize] f32
  kv: KvLayer;
  heads: number;
  /** Rotated pairs a head. 0: no rotation. */
  pairs: number;
  /** Which of the step input's cos/sin tables. */
  table: number;
  variant: MatvecVariant | RoundedVariant;
  /** Rows that share one reading of the weights; 1 if not given. A row's bits are the same with any. */
  batch?: BatchWidth;
}): Dispatch {
  const { weights, kv, heads, pairs, table, variant, batch: width = 1 } = args;
  assert(takesPairs(kv), `no scale is shared in a cache of ${kv.type}`);
  assert(weights.rows === (heads + 2 * kv.kvHeads) * kv.headSize, `${heads} heads have ${weights.rows} rows`);
  const { shape, constants, groups } = matvecGroups(variant, weights.rows / 2, args.norm);
  return {
    kernel: 'qkv',
    shader: `qkv_${shape}`,
    modules: { quant: weights.format.module, kv: kv.type },
    constants: { BLOCK_TOKENS: KV_BLOCK_TOKENS, BATCH: width, ...constants },
    params: qkvParams.encode({
      heads,
      kvHeads: kv.kvHeads,
      headSize: kv.headSize,
      units: weights.columns / UNIT_ELEMENTS,
      plane: sidePlaneWord(weights),
      pairs,
      table,
      vPlane: kvPlaneElements(kv),
      pool: KV_POOL_CODES[kv.pool],
      epsilon: args.norm?.epsilon ?? 0,
    }),
    buffers: [
      { buffer: weights.buffer, access: 'read' },
      { buffer: args.x, access: 'read' },
      { buffer: kv.buffer, access: 'write' },
      normUse(args),
      { buffer: args.q, access: 'write' },
    ],
    grid: (rows) => [...groups, divideUp(rows, width)],
    weightBytesRead: (rows) => matrixPlanes(weights).totalBytes * divideUp(rows, width),
  };
}
