import type { DeviceBuffer, PreparedPlan } from './device';

/** The ops that every device implements. */
export type KernelName =
  | 'embed'
  | 'embed_norm'
  | 'rmsnorm'
  | 'layernorm'
  | 'head_norm'
  | 'add_bias'
  | 'matvec'
  | 'qkv'
  | 'matmul'
  | 'glu'
  | 'route'
  | 'expert_matvec'
  | 'activation'
  | 'rope_kv'
  | 'attention'
  | 'attention_merge'
  | 'pool'
  | 'keep_tokens'
  | 'penalise'
  | 'argmax'
  | 'topk_chunks'
  | 'topk_winners'
  | 'topk'
  | 'sample'
  | 'softcap'
  | 'relayout';

/** What a kernel is joined with when its pipeline is made: a block format, a type of KV cache. */
export type ModuleKind = 'quant' | 'kv';

export interface BufferUse {
  readonly buffer: DeviceBuffer;
  readonly access: 'read' | 'write';
}

/** Bytes that WebGPU devices give the parameters of a dispatch: its alignment of binding offsets. */
export const DISPATCH_PARAMS_BYTES = 256;

/** One kernel over given buffers: everything but the number of rows is fixed. Built by src/kernels. */
export interface Dispatch {
  readonly kernel: KernelName;
  /** The shader file; one kernel may have several shapes. */
  readonly shader: string;
  /** The block format and the KV type it is joined with, where it takes them. */
  readonly modules: Readonly<Partial<Record<ModuleKind, string>>>;
  /** Pipeline constants. */
  readonly constants: Readonly<Record<string, number>>;
  /** The uniform block, binding 0. */
  readonly params: Uint32Array;
  /** Bindings 2, 3, …; binding 1 is the plan's step input. */
  readonly buffers: readonly BufferUse[];
  /** Workgroups for so many rows (or outputs), which see up to so many ranges of positions. None: it is not run. */
  readonly grid: (rows: number, ranges: number) => readonly [number, number, number];
  /** Bytes of matrices that it reads for so many rows, a matrix as often as it is read; not given: none. */
  readonly weightBytesRead?: (rows: number) => number;
}

/** A fixed sequence of kernels, run for a number of rows that changes from step to step. */
export interface Plan {
  readonly label: string;
  readonly stepInput: DeviceBuffer;
  readonly dispatches: readonly Dispatch[];
}

/** A prepared plan and the rows (or outputs) it runs for now. */
export interface PlanStep {
  readonly plan: PreparedPlan;
  readonly rows: number;
  /** Ranges of positions up to the last that a row sees, where plans share them among workgroups; 1 if not given. */
  readonly ranges?: number;
}

/** The workgroups of a dispatch in a step; `null`: there are none. */
export function gridOf(
  { grid }: Pick<Dispatch, 'grid'>,
  { rows, ranges = 1 }: Omit<PlanStep, 'plan'>,
): readonly [number, number, number] | null {
  const groups = grid(rows, ranges);
  return groups.includes(0) ? null : groups;
}
