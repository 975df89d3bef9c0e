import { ForgelightError } from '../base/errors';
import { divideUp, formatBytes, GIB } from '../base/units';
import { attentionProblem } from '../kernels/attention';
import {
  KV_BLOCK_TOKENS,
  kvLayerBytes,
  kvPlaneElements,
  kvUnitElements,
  type KvPool,
  type KvType,
} from '../kernels/kv-layout';
import type { AttentionBlock } from './network';

/** Contexts within one step take the same memory. */
export const CONTEXT_STEP_TOKENS = KV_BLOCK_TOKENS;

/** Kernels count a layer's elements in u32. */
const COUNTED_ELEMENTS = 2 ** 32;

/** What the KV pool may take when nobody says. */
const DEFAULT_POOL_BYTES = GIB;

export interface KvSizeOptions {
  readonly contextLength?: number;
  readonly kvCacheTokens?: number;
  readonly kvType: KvType;
  /** The largest buffer that a kernel can bind: a layer's cache is one. */
  readonly maxBindingBytes: number;
  /** Requests that run together. */
  readonly maxConcurrent: number;
  /** Rows that one step adds to a sequence at most. */
  readonly stepRows: number;
}

export interface KvSize {
  /** Tokens one request may hold. */
  readonly contextLength: number;
  readonly blocks: number;
  /** The pool of the layers with a sliding window; `null` where all layers see all positions. */
  readonly window: KvWindow | null;
  /** What was decided for the user, as sentences. */
  readonly notes: readonly string[];
}

/** What of a network decides over its cache. */
export interface CachedNetwork {
  readonly contextLength: number;
  readonly layers: readonly { readonly attention: Pick<AttentionBlock, 'heads' | 'kvHeads' | 'headSize' | 'window'> }[];
}

/** Blocks for layers that forget: enough for `maxConcurrent` requests of any length. */
export interface KvWindow {
  /** Positions that a row can see, its own included: the most of any layer. */
  readonly tokens: number;
  readonly blocks: number;
}

/** The pool of a layer's KV cache: a window as long as the context forgets nothing. */
export function kvPoolOf(attention: Pick<AttentionBlock, 'window'>, contextLength: number): KvPool {
  return attention.window !== null && attention.window < contextLength ? 'window' : 'all';
}

/** Blocks that hold `tokens` neighbouring positions, wherever they begin. */
function blocksAround(tokens: number): number {
  return Math.floor((tokens + KV_BLOCK_TOKENS - 2) / KV_BLOCK_TOKENS) + 1;
}

/**
 * Sizes the KV pool and the context. Throws `invalid-request` for a type or sizes that contradict the model or each other and
 * `out-of-memory` for what the adapter cannot hold, naming what would fit.
 */
export function sizeKvCache(network: CachedNetwork, options: KvSizeOptions): KvSize {
  refuseHeadsOf(network, options.kvType);
  const trained = network.contextLength;
  const window = widestWindow(network, options);
  const fitting = fittingTokens(network, options, window);
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
  const blocks = divideUp(pool, KV_BLOCK_TOKENS);
  return {
    contextLength: context,
    blocks,
    window: window === null ? null : { ...window, blocks: Math.min(window.blocks, blocks) },
    notes,
  };
}

/** Throws `invalid-request` for heads that do not divide into what the type keeps together, or whose scales leave attention no memory. */
function refuseHeadsOf(network: CachedNetwork, type: KvType): void {
  const unit = kvUnitElements(type);
  for (const { heads, kvHeads, headSize } of network.layers.map(({ attention }) => attention)) {
    const problem =
      headSize % unit === 0
        ? attentionProblem(heads, kvHeads, headSize, type)
        : `heads of size ${headSize} (${unit} elements of one share a scale)`;
    if (problem === null) continue;
    throw new ForgelightError(
      'invalid-request',
      `With kvCacheType "${type}" attention cannot take ${problem}. Choose "f16".`,
      { param: 'kvCacheType' },
    );
  }
}

/** The context that a request may have at most, whatever will fit. */
function longestContext(network: CachedNetwork, options: KvSizeOptions): number {
  return Math.min(network.contextLength, options.contextLength ?? Infinity, options.kvCacheTokens ?? Infinity);
}

function widestWindow(network: CachedNetwork, options: KvSizeOptions): KvWindow | null {
  const context = longestContext(network, options);
  const forgetting = network.layers.filter(({ attention }) => kvPoolOf(attention, context) === 'window');
  const tokens = Math.max(0, ...forgetting.map(({ attention }) => attention.window ?? 0));
  if (tokens === 0) return null;
  return { tokens, blocks: options.maxConcurrent * blocksAround(tokens - 1 + options.stepRows) };
}

/** Tokens that fit into one binding a layer, and into the default budget of all layers; whole blocks. */
function fittingTokens(
  network: CachedNetwork,
  options: KvSizeOptions,
  window: KvWindow | null,
): { byBinding: number; byBudget: number } {
  const context = longestContext(network, options);
  const layers = network.layers.map(({ attention }) => ({
    pool: kvPoolOf(attention, context),
    blockBytes: kvLayerBytes({ ...attention, type: options.kvType, blocks: 1 }),
    blockElements: 2 * kvPlaneElements({ ...attention, blocks: 1 }),
  }));
  const forgotten = window?.blocks ?? 0; // from so many blocks on, layers with a window need no more
  const perBinding = layers.map(({ pool, blockBytes, blockElements }) => {
    const blocks = Math.floor(Math.min(options.maxBindingBytes / blockBytes, COUNTED_ELEMENTS / blockElements));
    return pool === 'window' && blocks >= forgotten ? Infinity : blocks;
  });
  const bytesOf = (wanted: KvPool): number =>
    layers.reduce((sum, { pool, blockBytes }) => (pool === wanted ? sum + blockBytes : sum), 0);
  const evenly = Math.floor(DEFAULT_POOL_BYTES / (bytesOf('all') + bytesOf('window')));
  const beyond = Math.floor((DEFAULT_POOL_BYTES - forgotten * bytesOf('window')) / bytesOf('all'));
  return {
    byBinding: Math.min(...perBinding) * KV_BLOCK_TOKENS,
    byBudget: Math.max(1, evenly > forgotten ? beyond : evenly) * KV_BLOCK_TOKENS,
  };
}
