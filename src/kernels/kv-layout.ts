import type { DeviceBuffer } from '../device/device';

/** How a type of cache keeps elements: units of neighbours in a head, each of some bytes, a scale among them. */
interface KvFormat {
  readonly unitElements: number;
  readonly unitBytes: number;
}

/** Every type of KV cache: the modules of shaders/kv. */
const KV_FORMATS = {
  f16: { unitElements: 1, unitBytes: 2 },
  f32: { unitElements: 1, unitBytes: 4 },
  q8_0: { unitElements: 32, unitBytes: 34 }, // as llama.cpp's: bytes, and a half
} as const satisfies Readonly<Record<string, KvFormat>>;

export type KvType = keyof typeof KV_FORMATS;

export const KV_TYPES = Object.keys(KV_FORMATS) as readonly KvType[];

/** Tokens a block of the paged KV cache holds. */
export const KV_BLOCK_TOKENS = 16;

/**
 * Blocks of layers that see all positions, and of layers with a sliding window: these keep only blocks that a token can
 * still see, so they have fewer of their own and a block table of their own.
 */
export type KvPool = 'all' | 'window';

/** Which of a row's block tables in the step input belongs to a pool. */
export const KV_POOL_CODES: Readonly<Record<KvPool, number>> = { all: 0, window: 1 };

/**
 * One layer's KV cache on the device: [K, V][block][kv head][token in block][head size]. Scales, where a type has them, lie
 * behind that: [block][kv head][token in block][unit][K, V].
 */
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
  const { unitElements, unitBytes } = KV_FORMATS[layer.type];
  return ((2 * kvPlaneElements(layer)) / unitElements) * unitBytes;
}

/** Elements of a head that a type keeps together: it takes heads of a multiple of that. */
export function kvUnitElements(type: KvType): number {
  return KV_FORMATS[type].unitElements;
}

/** Pipeline constants of the kernels that touch the cache. */
export function kvConstants(layer: KvLayer): Record<string, number> {
  return { KV_HEADS: layer.kvHeads, HEAD_SIZE: layer.headSize, BLOCK_TOKENS: KV_BLOCK_TOKENS };
}
