import { countersSince, NO_COUNTS, type DeviceCounters } from '../base/counters';
import { tokenId, type TokenId } from '../base/ids';
import type { Device, DeviceBuffer, PreparedPlan, Readback } from '../device/device';
import type { Dispatch, PlanStep } from '../device/plan';
import { keyToLogit, NAN_KEY, TOP_K } from '../kernels/candidates';
import { widthFor, type BatchWidth } from '../kernels/matvec';
import { encodeStepInput, type RopeTable, type StepInputRow } from '../kernels/step-input';

export type { StepInputRow } from '../kernels/step-input';
import type { KvWindow } from './kv-size';
import type { ModelPlans } from './plan-builder';

/** A model's plans, prepared on its device. */
export interface PreparedModel {
  readonly kind: 'text';
  readonly device: Device;
  readonly plans: ModelPlans;
  readonly prepared: Readonly<Record<'prefill' | 'argmax' | 'topk', PreparedPlan>> &
    Readonly<Record<'decode' | 'head', readonly PreparedBatch[]>>;
  readonly ropeTables: readonly RopeTable[];
  readonly limits: ModelLimits;
}

/** A prepared plan whose matvecs take `width` rows at once. */
export interface PreparedBatch {
  readonly width: BatchWidth;
  readonly plan: PreparedPlan;
}

export interface ModelLimits {
  readonly vocabularySize: number;
  /** Tokens one request may hold: prompt and answer. */
  readonly contextLength: number;
  readonly blockTokens: number;
  readonly totalBlocks: number;
  readonly window: KvWindow | null;
  readonly maxChunkTokens: number;
  readonly maxDecodeRows: number;
  readonly maxSlots: number;
  readonly topK: number;
  /** Outputs of one submission. */
  readonly maxOutputs: number;
}

export interface Submission {
  /** The kernels the rows run through; `null`: they ran before, and only outputs are wanted. */
  readonly body: 'prefill' | 'decode' | null;
  readonly rows: readonly StepInputRow[];
  /** Rows whose logits are wanted, at most `maxOutputs`. */
  readonly outputs: readonly number[];
  readonly mode: OutputMode;
}

export type OutputMode = 'argmax' | 'topk' | 'logits';

/** What became of an output's logits. */
export type Output =
  | { readonly mode: 'argmax'; readonly tokenId: TokenId; readonly nan: boolean }
  | { readonly mode: 'topk'; readonly ids: Uint32Array; readonly logits: Float32Array; readonly nan: boolean } // [topK], best first
  | { readonly mode: 'logits'; readonly logits: Float32Array }; // [vocabularySize]

/** Runs a prepared model: one input write and one submission a call. Holds no request state. */
export class Executor {
  readonly limits: ModelLimits;
  private decodeCounts = NO_COUNTS;
  /** The counters before the step that runs now, if it is a decode step; more outputs of it may follow. */
  private decodeStart: DeviceCounters | null = null;

  constructor(private readonly model: PreparedModel) {
    this.limits = model.limits;
  }

  /** What the last decode step cost the host. */
  get lastDecodeStep(): DeviceCounters {
    return this.decodeCounts;
  }

  /** Submits at once; resolves with one output for each of `outputs`. Rejects with `device-lost`. */
  async run(submission: Submission): Promise<readonly Output[]> {
    const { device, plans, prepared, ropeTables } = this.model;
    const { body, rows, outputs, mode } = submission;
    if (body !== null) this.decodeStart = body === 'decode' ? device.counters() : null;
    device.write(plans.stepInput, 0, encodeStepInput(rows, outputs, ropeTables));
    const steps: PlanStep[] = [];
    if (body === 'prefill') steps.push({ plan: prepared.prefill, rows: rows.length });
    if (body === 'decode') steps.push(batchStep(prepared.decode, rows.length));
    if (outputs.length > 0) {
      steps.push(batchStep(prepared.head, outputs.length));
      if (mode !== 'logits') steps.push({ plan: prepared[mode], rows: outputs.length });
    }
    const submitted = device.submit(steps, this.readback(mode, outputs.length));
    if (this.decodeStart !== null) this.decodeCounts = countersSince(device.counters(), this.decodeStart);
    const bytes = await submitted;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    return outputs.map((_, i) => this.output(mode, words, i));
  }

  /** Runs every pipeline of the model's plans once on one row, in whatever layer it is met first; resolves when that is done. */
  async runEveryPipeline(row: StepInputRow): Promise<void> {
    const { device, plans, ropeTables } = this.model;
    const { stepInput, prefill, decode, head, argmax, topk } = plans;
    const all = [prefill, ...[...decode, ...head].map(({ plan }) => plan), argmax, topk];
    const dispatches = firstOfEach(all.flatMap((plan) => plan.dispatches));
    const plan = await device.prepare({ label: 'warmup', stepInput, dispatches });
    try {
      device.write(stepInput, 0, encodeStepInput([row], [0], ropeTables));
      await device.submit([{ plan, rows: 1 }], this.readback('argmax', 0));
    } finally {
      device.release(plan);
    }
  }

  /** What the outputs need; without any, one word, to know when the step is done. */
  private readback(mode: OutputMode, outputs: number): Readback {
    const { plans } = this.model;
    const of = (buffer: DeviceBuffer, bytesEach: number): Readback => ({
      buffer,
      sizeBytes: Math.max(4, outputs * bytesEach),
    });
    switch (mode) {
      case 'argmax':
        return of(plans.argmaxResult, 8);
      case 'topk':
        return of(plans.topkResult, TOP_K * 8);
      case 'logits':
        return of(plans.logits, this.limits.vocabularySize * 4);
    }
  }

  private output(mode: OutputMode, words: Uint32Array, index: number): Output {
    switch (mode) {
      case 'argmax':
        return { mode, tokenId: tokenId(words[index * 2 + 1] ?? 0), nan: words[index * 2] === NAN_KEY };
      case 'topk': {
        const at = index * TOP_K * 2;
        const keys = Array.from({ length: this.limits.topK }, (_, i) => words[at + 2 * i] ?? 0);
        const ids = Uint32Array.from(keys, (_, i) => words[at + 2 * i + 1] ?? 0);
        return { mode, ids, logits: Float32Array.from(keys, keyToLogit), nan: keys[0] === NAN_KEY };
      }
      case 'logits': {
        const size = this.limits.vocabularySize;
        // A copy of its own: receivers hand it on by transfer.
        return { mode, logits: new Float32Array(words.buffer, words.byteOffset + index * size * 4, size).slice() };
      }
    }
  }
}

/** One dispatch of each pipeline. */
function firstOfEach(dispatches: readonly Dispatch[]): readonly Dispatch[] {
  const first = new Map<string, Dispatch>();
  for (const dispatch of dispatches) {
    const key = JSON.stringify([dispatch.shader, dispatch.modules, dispatch.constants]);
    if (!first.has(key)) first.set(key, dispatch);
  }
  return [...first.values()];
}

/** The plan that reads the weights once for so many rows, or as seldom as it can. */
function batchStep(batches: readonly PreparedBatch[], rows: number): PlanStep {
  return { plan: widthFor(batches, rows).plan, rows };
}
