import { assert, defined } from '../base/assert';
import { roundUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { KV_POOL_CODES, kvConstants, kvPlaneElements, type KvLayer } from './kv-layout';
import { paramLayout } from './params';

export const attentionParams = paramLayout({
  scale: 'f32',
  vPlane: 'u32',
  window: 'u32',
  softCap: 'f32',
  pool: 'u32',
  hasSinks: 'u32',
  mutual: 'u32',
});

/** Query heads that may share a KV head: the size of the kernel's private arrays. */
export const MAX_ATTENTION_GROUP = 16;
/** Head sizes the kernel takes: multiples of 4 up to this. */
export const MAX_HEAD_SIZE = 256;
/** What the kernel keeps in workgroup memory must fit WebGPU's default of 16 KiB. */
const MAX_WORKGROUP_BYTES = 16_384;
/** Sizes of its workgroups. */
const THREADS = [256, 128, 64] as const;
const FEWEST_THREADS = 64;

/** Why the kernel cannot take these heads; `null` when it can. */
export function attentionProblem(heads: number, kvHeads: number, headSize: number): string | null {
  const group = heads / kvHeads;
  if (!Number.isInteger(group) || group < 1 || group > MAX_ATTENTION_GROUP) {
    return `${heads} query heads over ${kvHeads} KV heads (it takes 1 to ${MAX_ATTENTION_GROUP} query heads a KV head)`;
  }
  if (headSize % 4 !== 0 || headSize < 4 || headSize > MAX_HEAD_SIZE) {
    return `heads of size ${headSize} (it takes multiples of 4 up to ${MAX_HEAD_SIZE})`;
  }
  return threadsFor(group, headSize) === undefined
    ? `${group} query heads of size ${headSize} a KV head (too much workgroup memory)`
    : null;
}

/** The most threads with which a workgroup's memory suffices; `undefined`: none are few enough. */
function threadsFor(group: number, headSize: number): number | undefined {
  return THREADS.find((threads) => {
    const words = [group * headSize, group * threads, group, group, 2, threads * 4, threads]; // of each variable
    return words.reduce((sum, count) => sum + roundUp(count * 4, 16), 0) <= MAX_WORKGROUP_BYTES; // so WebGPU counts them
  });
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
   * With as many threads a KV head as fit: each waits for memory of its own, so that more read faster on a GPU. A software adapter runs
   * through those that have nothing to do, and takes longer. Not if not given; HIP's workgroups have one size.
   */
  isWide?: boolean;
  /** Rows see what follows them too. The step must hold all rows of its one sequence. */
  mutual?: boolean;
}): Dispatch {
  const group = args.heads / args.kv.kvHeads;
  const problem = attentionProblem(args.heads, args.kv.kvHeads, args.kv.headSize);
  assert(problem === null, problem ?? '');
  const most = defined(threadsFor(group, args.kv.headSize), 'a size of workgroups');
  const threads = args.isWide === true ? most : FEWEST_THREADS;
  return {
    kernel: 'attention',
    shader: 'attention',
    modules: { kv: args.kv.type },
    constants: { ...kvConstants(args.kv), GROUP: group, THREADS: threads },
    params: attentionParams.encode({
      scale: args.scale,
      vPlane: kvPlaneElements(args.kv),
      window: args.window ?? 0,
      softCap: args.softCap ?? 0,
      pool: KV_POOL_CODES[args.kv.pool],
      hasSinks: args.sinks === undefined ? 0 : 1,
      mutual: args.mutual === true ? 1 : 0,
    }),
    buffers: [
      { buffer: args.q, access: 'read' },
      { buffer: args.y, access: 'write' },
      { buffer: args.kv.buffer, access: 'write' }, // read only, but one declaration serves all users of the cache
      { buffer: args.sinks ?? args.q, access: 'read' }, // not read without sinks, but every binding has a buffer
    ],
    grid: (rows) => [args.kv.kvHeads, rows, 1],
  };
}
