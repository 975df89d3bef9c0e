import type { DeviceBuffer } from '../device/device';

export type KvType = 'f16' | 'f32';

/** Tokens a block of the paged KV cache holds. */
export const KV_BLOCK_TOKENS = 16;

/**
 * Blocks of layers that see all positions, and of layers with a sliding window: these keep only blocks that a token can
 * still see, so they have fewer of their own and a block table of their own.
 */
export type KvPool = 'all' | 'window';

/** Which of a row's block tables in the step input belongs to a pool. */
export const KV_POOL_CODES: Readonly<Record<KvPool, number>> = { all: 0, window: 1 };

/** One layer's KV cache on the device: [K, V][block][kv head][token in block][head size]. */
export interface KvLayer {
  readonly buffer: DeviceBuffer;
  readonly type: KvType;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly blocks: number;
  readonly pool: KvPool;
}

/** Elements of the K plane, which is also the distance from a key to its value. */
export function kvPlaneElements(layer: Pick<KvLayer, 'kvHeads' | 'headSize' | 'blocks'>): number {
  return layer.blocks * layer.kvHeads * KV_BLOCK_TOKENS * layer.headSize;
}

export function kvLayerBytes(layer: Omit<KvLayer, 'buffer' | 'pool'>): number {
  return 2 * kvPlaneElements(layer) * (layer.type === 'f16' ? 2 : 4);
}

/** Pipeline constants of the kernels that touch the cache. */
export function kvConstants(layer: KvLayer): Record<string, number> {
  return { KV_HEADS: layer.kvHeads, HEAD_SIZE: layer.headSize, BLOCK_TOKENS: KV_BLOCK_TOKENS };
}
