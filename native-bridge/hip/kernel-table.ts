/** A word that a kernel gets as a constant: the dispatch's constant of that name or this default, or what only the launch knows. */
export type KernelConstant =
  | { readonly name: string; readonly otherwise: number }
  /** Words of the dispatch's buffer `index`: WGSL's arrayLength. */
  | { readonly wordsOf: number }
  /** Workgroups in x. */
  | 'grid-x'
  /** Workgroups in z. */
  | 'grid-z'
  /** The KV type's code, for kernels that choose at run time. */
  | 'kv-type';

/** How a shader's dispatches reach the kernels of native-bridge/kernels/ops. */
export interface KernelEntry {
  /** Its code object: one of all kernels that take no block format, or one a format. */
  readonly object: 'core' | 'format';
  /** What tells its instances apart, in the order of their names: `matvec_lanes__4`, `attention__f16`, `matmul__512`. */
  readonly instance:
    | 'only'
    | 'kv'
    | { readonly capacities: readonly number[] }
    | { readonly widths: readonly number[] };
  /** `struct Constants` of the kernel, word by word. */
  readonly constants: readonly KernelConstant[];
  /** Of a workgroup; WORKGROUP_THREADS if not given. */
  readonly threads?: (constants: Readonly<Record<string, number>>) => number;
  /** Bytes of `dynamic_workgroup`; none if not given. */
  readonly dynamicBytes?: (constants: Readonly<Record<string, number>>) => number;
}

/** Threads of nearly every workgroup: those of the kernels' KERNEL. */
export const WORKGROUP_THREADS = 64;

/** Rows that instances have place for: a dispatch takes the first that is no less than its BATCH, else the last, which takes them piece by piece. */
const CAPACITIES = { capacities: [1, 4, 16] } as const;

/** Tiles that matmul has instances of: a dispatch's TOKENS is one of them. */
const WIDTHS = { widths: [64, 256, 512] } as const;

/** KV_F16 … of lib/kv.h, for kernels that choose at run time. */
export const KV_TYPE_CODES: Readonly<Record<string, number>> = { f16: 0, f32: 1, q8_0: 2 };

function named(...names: readonly string[]): readonly KernelConstant[] {
  return names.map((name) => ({ name, otherwise: 0 }));
}

/** MatvecConstants of lib/linear.h. */
const MATVEC: readonly KernelConstant[] = [{ name: 'BATCH', otherwise: 1 }, ...named('EPILOGUE', 'ACTIVATION', 'NORM')];

/** QkvConstants of lib/qkv.h. */
const QKV: readonly KernelConstant[] = [
  { name: 'BATCH', otherwise: 1 },
  ...named('BLOCK_TOKENS', 'NORM', 'LANES'),
  'kv-type',
  'grid-x',
];

const KV: readonly KernelConstant[] = named('KV_HEADS', 'HEAD_SIZE', 'BLOCK_TOKENS');
/** Of the dispatch's third buffer, the cache. */
const KV_WORDS: KernelConstant = { wordsOf: 2 };

/** Words of queries and scores in the workgroup memory of attention, for as many heads as the kernel then has place for. */
function attentionBytes(constants: Readonly<Record<string, number>>): number {
  const { GROUP = 1, HEAD_SIZE = 0 } = constants;
  return 4 * (HEAD_SIZE + WORKGROUP_THREADS) * 2 ** Math.ceil(Math.log2(GROUP));
}

/** 8 × 8 sums each. */
function matmulThreads({ TOKENS = 0, ROWS = 0 }: Readonly<Record<string, number>>): number {
  return (TOKENS * ROWS) / 64;
}

function core(...constants: readonly KernelConstant[]): KernelEntry {
  return { object: 'core', instance: 'only', constants };
}

function ofFormat(instance: KernelEntry['instance'], ...constants: readonly KernelConstant[]): KernelEntry {
  return { object: 'format', instance, constants };
}

/** By the dispatch's `shader`: one line a kernel. */
export const KERNEL_TABLE: Readonly<Record<string, KernelEntry>> = {
  embed: ofFormat('only', ...named('EPILOGUE', 'INDEX')),
  embed_norm: ofFormat('only'),
  rmsnorm: core(...named('EPILOGUE')),
  layernorm: core(),
  head_norm: core(),
  add_bias: core(),
  softcap: core(),
  glu: core(...named('ACTIVATION')),
  activation: core(...named('ACTIVATION')),
  matvec_rows: ofFormat('only', ...MATVEC),
  matvec_lanes: ofFormat(CAPACITIES, ...MATVEC),
  matvec_subgroup: ofFormat(CAPACITIES, ...MATVEC, 'grid-x'),
  matvec_int8: ofFormat(CAPACITIES, ...MATVEC, ...named('LANES')),
  qkv_rows: ofFormat('only', ...QKV),
  qkv_lanes: ofFormat(CAPACITIES, ...QKV),
  qkv_subgroup: ofFormat(CAPACITIES, ...QKV),
  qkv_int8: ofFormat(CAPACITIES, ...QKV),
  matmul: { ...ofFormat(WIDTHS, ...named('EPILOGUE')), threads: matmulThreads },
  rope_kv: { object: 'core', instance: 'kv', constants: [...KV, ...named('THREADS'), KV_WORDS] },
  attention: {
    object: 'core',
    instance: 'kv',
    constants: [...KV, ...named('GROUP', 'RANGE'), KV_WORDS, 'grid-z'],
    dynamicBytes: attentionBytes,
  },
  attention_merge: core(...named('HEADS', 'HEAD_SIZE', 'RANGE')),
  route: core(),
  expert_matvec: ofFormat('only', ...named('EPILOGUE', 'ACTIVATION', 'BIAS', 'LANES')),
  pool: core(...named('POOLING')),
  keep_tokens: core(),
  penalise: core(),
  argmax: core(),
  topk_chunks: core(),
  topk_winners: core(),
  topk: core(),
  sample: core(),
  relayout: core(),
};
