import { assert, defined } from '../base/assert';
import { divideUp, roundUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { KV_POOL_CODES, kvConstants, kvPlaneElements, kvUnitElements, type KvLayer, type KvType } from './kv-layout';
import { paramLayout } from './params';

export const attentionParams = paramLayout({
  scale: 'f32',
  vPlane: 'u32',
  window: 'u32',
  softCap: 'f32',
  pool: 'u32',
  hasSinks: 'u32',
  mutual: 'u32',
  parts: 'u32',
});

export const attentionMergeParams = paramLayout({ window: 'u32', parts: 'u32' });

/** Query heads that may share a KV head: the size of the kernel's private arrays. */
export const MAX_ATTENTION_GROUP = 16;
/** Head sizes the kernel takes: multiples of 4 up to this. */
export const MAX_HEAD_SIZE = 256;
/** What the kernel keeps in workgroup memory must fit WebGPU's default of 16 KiB. */
const MAX_WORKGROUP_BYTES = 16_384;
/** Sizes of its workgroups, each of which has a tile of as many positions; those of GPUs. */
const THREADS = [256, 128, 64] as const;
/** Those of software adapters, where a barrier takes as long as a few positions: as few threads as a head has quads, over tiles of 64. */
const FEW_THREADS = [16, 32, 64] as const;
const FEW_TILE = 64;

/** MOST_RANGES of the kernels: ranges of a row that there is place for. */
const MOST_RANGES = 32;
/** Positions of a range, at least: a tile of the largest workgroups. */
const LEAST_RANGE_TOKENS = 256;
/** Positions of the only range, where workgroups never share, as on software adapters: none of its sums is joined with others. */
export const ONE_RANGE = 2 ** 32 - 1;
/** Positions behind which a further range has workgroups share all: of fewer, one after the other takes no longer than a dispatch more. */
const ALONE_TOKENS = 768;

/**
 * Positions whose sums join those before them, for texts of so many tokens. Sums depend on it, so all of a model's kernels have the same.
 */
export function rangeTokens(contextLength: number): number {
  return LEAST_RANGE_TOKENS * Math.max(1, divideUp(contextLength, LEAST_RANGE_TOKENS * MOST_RANGES));
}

/** Workgroups that share a row's positions, in a step whose rows see up to `ranges` ranges without a window. */
function sharers(ranges: number, window: number, tokens: number): number {
  const seen = window === 0 ? ranges : Math.min(ranges, divideUp(window - 1, tokens) + 1);
  return (seen - 1) * tokens < ALONE_TOKENS ? 1 : seen;
}

/** What the ranges of a row leave, and where: behind y's rows. */
export interface AttentionParts {
  /** Rows of y before them, and rows that they have place for. */
  readonly rows: number;
}

/** The place for parts of so many rows; null where texts are too short for any to be shared. */
export function attentionParts(contextLength: number, rows: number): AttentionParts | null {
  const tokens = rangeTokens(contextLength);
  return sharers(divideUp(contextLength, tokens), 0, tokens) === 1 ? null : { rows };
}

/** Bytes of y with the parts of its rows behind it. */
export function attendedBytes({ rows }: AttentionParts, heads: number, headSize: number): number {
  return rows * heads * (headSize + MOST_RANGES * (headSize + 4)) * 4;
}

/** Why the kernel cannot take these heads from a cache of this type; `null` when it can. What it takes from one with scales it takes from any. */
export function attentionProblem(heads: number, kvHeads: number, headSize: number, type: KvType): string | null {
  const group = heads / kvHeads;
  if (!Number.isInteger(group) || group < 1 || group > MAX_ATTENTION_GROUP) {
    return `${heads} query heads over ${kvHeads} KV heads (it takes 1 to ${MAX_ATTENTION_GROUP} query heads a KV head)`;
  }
  if (headSize % 4 !== 0 || headSize < 4 || headSize > MAX_HEAD_SIZE) {
    return `heads of size ${headSize} (it takes multiples of 4 up to ${MAX_HEAD_SIZE})`;
  }
  return threadsFor(group, headSize, type) === undefined
    ? `${group} query heads of size ${headSize} a KV head (too much workgroup memory)`
    : null;
}

/** The most threads with which a workgroup's memory suffices; `undefined`: none are few enough. */
function threadsFor(group: number, headSize: number, type: KvType): number | undefined {
  const unit = kvUnitElements(type);
  const scales = unit === 1 ? 0 : headSize / unit; // of a key
  return THREADS.find((threads) => {
    const scratch = threads * Math.max(4, 1 + scales);
    const words = [group * headSize, group * threads, group, 2 * group, 2 * group, group, 4, scratch, threads]; // of each variable
    return words.reduce((sum, count) => sum + roundUp(count * 4, 16), 0) <= MAX_WORKGROUP_BYTES; // so WebGPU counts them
  });
}

/** The threads of a workgroup and, where they are others, the positions of a tile. */
function sharesOf(group: number, { headSize, type }: KvLayer, isWide: boolean): Readonly<Record<string, number>> {
  if (isWide) return { THREADS: defined(threadsFor(group, headSize, type), 'a size of workgroups') };
  return {
    THREADS: defined(
      FEW_THREADS.find((threads) => threads >= headSize / 4),
      'threads for a head',
    ),
    TILE: FEW_TILE,
  };
}

/**
 * Causal attention of each row over its sequence's cache up to and including its own position, or its last `window`; or,
 * where the step is one whole sequence, attention of all its rows to each other.
 */
export function attention(args: {
  q: DeviceBuffer; // [rows × heads·headSize] f32
  y: DeviceBuffer; // [rows × heads·headSize] f32
  kv: KvLayer;
  heads: number;
  /** Of the scores: usually 1 / √headSize. */
  scale: number;
  /** Positions a row can see, its own included; all if not given. */
  window?: number;
  /** Scores are capped to ±this with tanh; not if not given. */
  softCap?: number;
  /** A score of each head that joins the softmax and has no value; none if not given. */
  sinks?: DeviceBuffer; // [heads] f32
  /**
   * With as many threads a KV head as fit: each waits for memory of its own, so that more read faster on a GPU. A software adapter takes
   * longest for barriers, each of which it ends for four threads after the other. Not if not given; HIP's workgroups have one size.
   */
  isWide?: boolean;
  /** As `rangeTokens` gives them for the longest text; one range has all positions if not given. */
  rangeTokens?: number;
  /** Where ranges leave their sums for `attentionMerge`, if a step's may be shared among workgroups; one takes them all if not given. */
  parts?: AttentionParts;
  /** Rows see what follows them too. The step must hold all rows of its one sequence. */
  mutual?: boolean;
}): Dispatch {
  const group = args.heads / args.kv.kvHeads;
  const problem = attentionProblem(args.heads, args.kv.kvHeads, args.kv.headSize, args.kv.type);
  assert(problem === null, problem ?? '');
  const { window = 0, rangeTokens: tokens = ONE_RANGE, parts } = args;
  return {
    kernel: 'attention',
    shader: 'attention',
    modules: { kv: args.kv.type },
    constants: {
      ...kvConstants(args.kv),
      GROUP: group,
      ...sharesOf(group, args.kv, args.isWide === true),
      RANGE: tokens,
    },
    params: attentionParams.encode({
      scale: args.scale,
      vPlane: kvPlaneElements(args.kv),
      window,
      softCap: args.softCap ?? 0,
      pool: KV_POOL_CODES[args.kv.pool],
      hasSinks: args.sinks === undefined ? 0 : 1,
      mutual: args.mutual === true ? 1 : 0,
      parts: parts === undefined ? 0 : firstPart(parts, args.heads, args.kv.headSize),
    }),
    buffers: [
      { buffer: args.q, access: 'read' },
      { buffer: args.y, access: 'write' },
      { buffer: args.kv.buffer, access: 'write' }, // read only, but one declaration serves all users of the cache
      { buffer: args.sinks ?? args.q, access: 'read' }, // not read without sinks, but every binding has a buffer
    ],
    grid: (rows, ranges) => [args.kv.kvHeads, rows, parts === undefined ? 1 : sharers(ranges, window, tokens)],
  };
}

/** Joins what ranges left behind the rows of y, in steps that share them. The arguments are those of the `attention` before it. */
export function attentionMerge(args: {
  y: DeviceBuffer;
  kv: Pick<KvLayer, 'headSize'>;
  heads: number;
  window?: number;
  rangeTokens: number;
  parts: AttentionParts;
}): Dispatch {
  const { heads, window = 0, rangeTokens: tokens, parts } = args;
  const { headSize } = args.kv;
  const quads = (heads * headSize) / 4;
  return {
    kernel: 'attention_merge',
    shader: 'attention_merge',
    modules: {},
    constants: { HEADS: heads, HEAD_SIZE: headSize, RANGE: tokens },
    params: attentionMergeParams.encode({ window, parts: firstPart(parts, heads, headSize) }),
    buffers: [{ buffer: args.y, access: 'write' }],
    grid: (rows, ranges) => [sharers(ranges, window, tokens) === 1 ? 0 : divideUp(quads, 64), rows, 1],
  };
}

/** The word of y at which the part of a row's range and head begins: the head's sums, its largest score and its weight. `parts`: quads before the first. */
export function partWord(of: {
  parts: number;
  row: number;
  range: number;
  head: number;
  heads: number;
  headSize: number;
}): number {
  return 4 * of.parts + ((of.row * MOST_RANGES + of.range) * of.heads + of.head) * (of.headSize + 4);
}

/** Quads of y before the first part. */
function firstPart({ rows }: AttentionParts, heads: number, headSize: number): number {
  return (rows * heads * headSize) / 4;
}
