/** A word that a kernel gets as a constant: the dispatch's constant of that name or this default, or what only the launch knows. */
export type KernelConstant =
  | { readonly name: string; readonly otherwise: number }
  /** Words of the dispatch's buffer `index`: WGSL's arrayLength. */
  | { readonly wordsOf: number }
  /** Workgroups in x. */
  | 'grid-x'
  /** The KV type's code, for kernels that choose at run time. */
  | 'kv-type';

/** How a shader's dispatches reach the kernels of native-bridge/kernels/ops. */
export interface KernelEntry {
  /** Its code object: one of all kernels that take no block format, or one a format. */
  readonly object: 'core' | 'format';
  /** What tells its instances apart, in the order of their names: `matvec_lanes__4`, `attention__f16`. */
  readonly instance: 'only' | 'kv' | { readonly capacities: readonly number[] };
  /** `struct Constants` of the kernel, word by word. */
  readonly constants: readonly KernelConstant[];
  /** Bytes of `dynamic_workgroup`; none if not given. */
  readonly dynamicBytes?: (constants: Readonly<Record<string, number>>) => number;
}

/** Rows that instances have place for: a dispatch takes the first that is no less than its BATCH, else the last, which takes them piece by piece. */
const CAPACITIES = { capacities: [1, 4, 16] } as const;
/** Of a weight row a thread. */
const FEW_CAPACITIES = { capacities: [1, 4] } as const;

/** KV_F16 … of lib/kv.h, for kernels that choose at run time. */
export const KV_TYPE_CODES: Readonly<Record<string, number>> = { f16: 0, f32: 1, q8_0: 2 };

function named(...names: readonly string[]): readonly KernelConstant[] {
  return names.map((name) => ({ name, otherwise: 0 }));
}

/** MatvecConstants of lib/linear.h. */
const MATVEC: readonly KernelConstant[] = [{ name: 'BATCH', otherwise: 1 }, ...named('EPILOGUE', 'ACTIVATION', 'NORM')];

/** By the dispatch's `shader`: one line a kernel. */
export const KERNEL_TABLE: Readonly<Record<string, KernelEntry>> = {
  rmsnorm: { object: 'core', instance: 'only', constants: named('EPILOGUE') },
  matvec_rows: { object: 'format', instance: FEW_CAPACITIES, constants: MATVEC },
  matvec_lanes: { object: 'format', instance: CAPACITIES, constants: MATVEC },
};
