import { defined } from '../../base/assert';
import { KV_TYPES, type KvType } from '../../kernels/kv-layout';
import { QUANT_FORMATS } from '../../quant/registry';
import type { QuantFormat } from '../../quant/format';
import type { Dispatch } from '../plan';
import type { Memory } from './memory';
import type { StepReader } from './step-reader';
import type { WeightRows } from './weight-rows';

/** One dispatch being run: what a kernel sees. */
export class KernelRun {
  constructor(
    readonly dispatch: Dispatch,
    /** Rows, or outputs, that the step runs the plan for. */
    readonly rows: number,
    /** Workgroups, of which there are some. */
    readonly grid: readonly [number, number, number],
    readonly step: StepReader,
    readonly weights: WeightRows,
    private readonly memories: readonly Memory[],
  ) {}

  /** The dispatch's buffer `index`, binding `2 + index`. */
  memory(index: number): Memory {
    return defined(this.memories[index], `buffer ${index} of ${this.dispatch.shader}`);
  }

  constant(name: string): number {
    return defined(this.dispatch.constants[name], `constant ${name} of ${this.dispatch.shader}`);
  }

  quantFormat(): QuantFormat {
    const format = QUANT_FORMATS.find((known) => known.module === this.dispatch.modules.quant);
    return defined(format, `block format ${this.dispatch.modules.quant}`);
  }

  kvType(): KvType {
    const type = KV_TYPES.find((known) => known === this.dispatch.modules.kv);
    return defined(type, `KV type ${this.dispatch.modules.kv}`);
  }
}

/** The reference of one kernel: f32 storage, sums in doubles. */
export type Kernel = (run: KernelRun) => void;
