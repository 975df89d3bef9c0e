import { ForgelightError } from '../base/errors';
import { divideUp, formatBytes, GIB } from '../base/units';
import { KV_BLOCK_TOKENS, kvLayerBytes, type KvType } from '../kernels/kv-layout';
import type { AttentionBlock } from './network';

/** What the KV pool may take when nobody says. */
const DEFAULT_POOL_BYTES = GIB;

export interface KvSizeOptions {
  readonly contextLength?: number;
  readonly kvCacheTokens?: number;
  readonly kvType: KvType;
  /** The largest buffer that a kernel can bind: a layer's cache is one. */
  readonly maxBindingBytes: number;
}

export interface KvSize {
  /** Tokens one request may hold. */
  readonly contextLength: number;
  readonly blocks: number;
  /** What was decided for the user, as sentences. */
  readonly notes: readonly string[];
}

/** What of a network decides over its cache. */
export interface CachedNetwork {
  readonly contextLength: number;
  readonly layers: readonly { readonly attention: Pick<AttentionBlock, 'kvHeads' | 'headSize'> }[];
}

/**
 * Sizes the KV pool and the context. Throws `invalid-request` for sizes that contradict the model or each other and
 * `out-of-memory` for what the adapter cannot hold, naming what would fit.
 */
export function sizeKvCache(network: CachedNetwork, options: KvSizeOptions): KvSize {
  const trained = network.contextLength;
  const fitting = fittingTokens(network, options);
  const { contextLength, kvCacheTokens } = options;
  if (contextLength !== undefined && contextLength > trained) {
    throw new ForgelightError(
      'invalid-request',
      `contextLength ${contextLength} is more than the ${trained} tokens this model was trained for. Ask for at most ${trained}.`,
      { param: 'contextLength' },
    );
  }
  if (contextLength !== undefined && kvCacheTokens !== undefined && contextLength > kvCacheTokens) {
    throw new ForgelightError(
      'invalid-request',
      `contextLength ${contextLength} is more than the whole pool of kvCacheTokens ${kvCacheTokens}. Raise kvCacheTokens or lower contextLength.`,
      { param: 'contextLength' },
    );
  }
  const wanted = Math.max(contextLength ?? 0, kvCacheTokens ?? 0, KV_BLOCK_TOKENS);
  if (wanted > fitting.byBinding) {
    throw new ForgelightError(
      'out-of-memory',
      `A KV cache of ${wanted} tokens needs a buffer larger than this adapter's ${formatBytes(options.maxBindingBytes)}. At most ${fitting.byBinding} tokens fit.`,
      { param: contextLength === undefined ? 'kvCacheTokens' : 'contextLength' },
    );
  }
  const pool = kvCacheTokens ?? contextLength ?? Math.min(trained, fitting.byBinding, fitting.byBudget);
  const context = contextLength ?? Math.min(trained, pool);
  const notes =
    contextLength === undefined && context < trained
      ? [`The context was cut from ${trained} to ${context} tokens to fit the KV cache. Set contextLength for more.`]
      : [];
  return { contextLength: context, blocks: divideUp(pool, KV_BLOCK_TOKENS), notes };
}

/** Tokens that fit into one binding a layer, and into the default budget of all layers; whole blocks. */
function fittingTokens(network: CachedNetwork, options: KvSizeOptions): { byBinding: number; byBudget: number } {
  const blockBytes = network.layers.map(({ attention: { kvHeads, headSize } }) =>
    kvLayerBytes({ type: options.kvType, kvHeads, headSize, blocks: 1 }),
  );
  const allLayers = blockBytes.reduce((sum, bytes) => sum + bytes, 0);
  return {
    byBinding: Math.floor(options.maxBindingBytes / Math.max(...blockBytes)) * KV_BLOCK_TOKENS,
    byBudget: Math.max(1, Math.floor(DEFAULT_POOL_BYTES / allLayers)) * KV_BLOCK_TOKENS,
  };
}
