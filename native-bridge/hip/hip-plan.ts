import { assert, defined } from '../../src/base/assert';
import { roundUp } from '../../src/base/units';
import type { PreparedPlan } from '../../src/device/device';
import { gridOf, type Dispatch, type Plan, type PlanStep } from '../../src/device/plan';
import { variantKey } from '../../src/device/variant-key';
import { memoryOf } from './hip-memory';
import type { HipApi } from './hip-api';
import { KERNEL_TABLE, KV_TYPE_CODES, WORKGROUP_THREADS, type KernelConstant, type KernelEntry } from './kernel-table';

const POINTER_BYTES = 8;

/** How the dispatch's kernel is called; `null` for a shader that HIP has no kernel of. */
export function kernelOf(dispatch: Dispatch): { readonly unit: string; readonly name: string } | null {
  const entry = KERNEL_TABLE[dispatch.shader];
  if (entry === undefined) return null;
  const unit = entry.object === 'core' ? 'core' : defined(dispatch.modules.quant, `the format of ${dispatch.shader}`);
  return { unit, name: `${dispatch.shader}${instanceOf(entry, dispatch)}` };
}

function instanceOf({ instance }: KernelEntry, { modules, constants }: Dispatch): string {
  if (instance === 'only') return '';
  if (instance === 'kv') return `__${defined(modules.kv, 'a type of KV cache')}`;
  if ('widths' in instance) return `__${defined(constants['TOKENS'], 'the width of a tile')}`;
  const rows = constants['BATCH'] ?? 1;
  return `__${instance.capacities.find((capacity) => capacity >= rows) ?? instance.capacities.at(-1)}`;
}

/** Bytes of each of the kernel's arguments: parameters, the step's input, the buffers, the constants. */
function argumentBytes({ shader, params, buffers }: Dispatch): readonly number[] {
  const { constants } = defined(KERNEL_TABLE[shader], shader);
  const pointers = [POINTER_BYTES, ...buffers.map(() => POINTER_BYTES)];
  return [params.byteLength, ...pointers, ...(constants.length === 0 ? [] : [4 * constants.length])];
}

/** A dispatch with its kernel and its arguments: all but the grid. */
export class PreparedDispatch {
  private readonly slots: BigUint64Array; // where each argument lies
  private readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of `bytes`: the words that are the grid's, where the kernel asks for them. */
  private readonly gridWords: readonly { readonly word: number; readonly dimension: 0 | 2 }[];
  private readonly threads: number;
  private readonly dynamicBytes: number;

  constructor(
    private readonly api: HipApi,
    private readonly kernel: bigint,
    private readonly dispatch: Dispatch,
    stepInput: bigint,
  ) {
    const entry = defined(KERNEL_TABLE[dispatch.shader], dispatch.shader);
    const sizes = argumentBytes(dispatch);
    const offsets: number[] = [];
    let end = 0;
    for (const size of sizes) {
      offsets.push(end);
      end += roundUp(size, POINTER_BYTES);
    }
    this.bytes = new Uint8Array(end);
    const words = new Uint32Array(this.bytes.buffer);
    const pointers = new BigUint64Array(this.bytes.buffer);
    words.set(dispatch.params, 0);
    [stepInput, ...dispatch.buffers.map((use) => memoryOf(use.buffer).pointer)].forEach((pointer, i) => {
      pointers[defined(offsets[i + 1], 'a place for a pointer') / POINTER_BYTES] = pointer;
    });
    const first = (offsets.at(-1) ?? 0) / 4;
    entry.constants.forEach((constant, i) => (words[first + i] = constantOf(constant, dispatch)));
    this.gridWords = entry.constants.flatMap((constant, i) =>
      constant === 'grid-x' || constant === 'grid-z'
        ? [{ word: first + i, dimension: constant === 'grid-x' ? 0 : 2 }]
        : [],
    );
    this.threads = entry.threads?.(dispatch.constants) ?? WORKGROUP_THREADS;
    this.dynamicBytes = entry.dynamicBytes?.(dispatch.constants) ?? 0;
    const address = api.library.address(this.bytes);
    this.slots = BigUint64Array.from(offsets, (offset) => address + BigInt(offset));
  }

  /** As `KernelTime` names it. */
  get variant(): string {
    return variantKey(this.dispatch);
  }

  /** Whether the step has workgroups of it. */
  runsIn(step: PlanStep): boolean {
    return gridOf(this.dispatch, step) !== null;
  }

  /** Launches it, unless the step has no workgroups of it. Throws `HipError`. */
  launch(step: PlanStep, stream: bigint): void {
    const grid = gridOf(this.dispatch, step);
    if (grid === null) return;
    const [x, y, z] = grid;
    const words = new Uint32Array(this.bytes.buffer);
    for (const { word, dimension } of this.gridWords) words[word] = grid[dimension];
    const { kernel, threads, dynamicBytes, slots } = this;
    this.api.call('hipModuleLaunchKernel', kernel, x, y, z, threads, 1, 1, dynamicBytes, stream, slots, 0n);
  }

  weightBytesRead(rows: number): number {
    return this.dispatch.weightBytesRead?.(rows) ?? 0;
  }
}

function constantOf(constant: KernelConstant, { shader, modules, constants, buffers }: Dispatch): number {
  if (constant === 'grid-x' || constant === 'grid-z') return 0; // known at each launch
  if (constant === 'kv-type') return defined(KV_TYPE_CODES[modules.kv ?? ''], `the code of ${modules.kv}`);
  if ('wordsOf' in constant) {
    return defined(buffers[constant.wordsOf], `buffer ${constant.wordsOf} of ${shader}`).buffer.sizeBytes / 4;
  }
  return constants[constant.name] ?? constant.otherwise;
}

/** A plan with everything that running it needs. Owned by the caller of `prepare`. */
export class HipPlan implements PreparedPlan {
  constructor(
    /** Its own: graphs are found by it. */
    readonly id: number,
    readonly label: string,
    readonly dispatches: readonly PreparedDispatch[],
  ) {}
}

export function planOf(plan: PreparedPlan): HipPlan {
  assert(plan instanceof HipPlan, `${plan.label} was prepared by HIP`);
  return plan;
}

/** Its dispatches with their kernels, which `kernelFor` finds. */
export async function prepareDispatches(
  api: HipApi,
  plan: Plan,
  kernelFor: (dispatch: Dispatch) => Promise<bigint>,
): Promise<readonly PreparedDispatch[]> {
  const stepInput = memoryOf(plan.stepInput).pointer;
  return await Promise.all(
    plan.dispatches.map(async (dispatch) => new PreparedDispatch(api, await kernelFor(dispatch), dispatch, stepInput)),
  );
}
