import { assert } from '../base/assert';
import { divideUp } from '../base/units';
import { countersSince, NO_COUNTS, type DeviceCounters } from '../base/counters';
import { tokenId, type TokenId } from '../base/ids';
import type { Device, DeviceBuffer, PreparedPlan, Readback } from '../device/device';
import type { Dispatch, PlanStep } from '../device/plan';
import { NAN_KEY } from '../kernels/candidates';
import { widthFor, type BatchWidth } from '../kernels/matvec';
import {
  encodeStepInput,
  type RopeTable,
  type StepInputDraw,
  type StepInputPenalties,
  type StepInputRow,
} from '../kernels/step-input';

export type { StepInputDraw, StepInputPenalties, StepInputRow } from '../kernels/step-input';
import type { KvWindow } from './kv-size';
import type { ModelPlans } from './plan-builder';

/** A model's plans, prepared on its device. */
export interface PreparedModel {
  readonly kind: 'text';
  readonly device: Device;
  readonly plans: ModelPlans;
  readonly prepared: Readonly<Record<'prefill' | 'keep' | 'penalise' | 'argmax' | 'sample', PreparedPlan>> &
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
  readonly minChunkTokens: number;
  readonly maxChunkTokens: number;
  readonly maxDecodeRows: number;
  readonly maxSlots: number;
  /** The most candidates that `sample` draws from. */
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
  /** Of mode `sample`: one for each output. */
  readonly draws?: readonly StepInputDraw[];
  /** Of modes `argmax` and `sample`: one for each output, or none; `null` where the output has none. */
  readonly penalties?: readonly (StepInputPenalties | null)[];
}

/** The device chooses a token (`argmax`, `sample`), or all logits come. */
export type OutputMode = 'argmax' | 'sample' | 'logits';

/** What became of an output's logits. */
export type Output =
  | { readonly mode: 'argmax' | 'sample'; readonly tokenId: TokenId; readonly nan: boolean }
  | { readonly mode: 'logits'; readonly logits: Float32Array }; // [vocabularySize]

/** As many as let workgroups share positions, so that what joins them runs too. */
const WARM_UP_RANGES = 32;

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
    const { body, rows, outputs, mode, draws = [], penalties = [] } = submission;
    assert(draws.length === (mode === 'sample' ? outputs.length : 0), 'each sampled output has a draw');
    const isPenalised = penalties.some((penalty) => penalty !== null);
    assert(!isPenalised || (mode !== 'logits' && penalties.length === outputs.length), 'penalties belong to a choice');
    if (body !== null) this.decodeStart = body === 'decode' ? device.counters() : null;
    const input = encodeStepInput(rows, outputs, ropeTables, draws, isPenalised ? penalties : []);
    device.write(plans.stepInput, 0, input);
    const steps: PlanStep[] = [];
    if (keepsAll(submission)) steps.push({ plan: prepared.keep, rows: rows.length });
    if (body === 'prefill') steps.push({ plan: prepared.prefill, rows: rows.length });
    if (body === 'decode') steps.push({ ...batchStep(prepared.decode, rows.length), ranges: this.ranges(rows) });
    if (outputs.length > 0) {
      steps.push(batchStep(prepared.head, outputs.length));
      if (isPenalised) steps.push({ plan: prepared.penalise, rows: outputs.length });
      if (mode !== 'logits') steps.push({ plan: prepared[mode], rows: outputs.length });
    }
    const submitted = device.submit(steps, this.readback(mode, outputs.length));
    if (this.decodeStart !== null) this.decodeCounts = countersSince(device.counters(), this.decodeStart);
    const bytes = await submitted;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    return outputs.map((_, i) => this.output(mode, words, i));
  }

  /** Runs every pipeline of the model's plans once on one row, in whatever layer it is met first; resolves when that is done. */
  async runEveryPipeline(row: StepInputRow, draw: StepInputDraw, penalties: StepInputPenalties): Promise<void> {
    const { device, plans, ropeTables } = this.model;
    const { stepInput, prefill, decode, head, keep, penalise, argmax, sample } = plans;
    const all = [keep, prefill, ...[...decode, ...head].map(({ plan }) => plan), penalise, argmax, sample];
    const dispatches = firstOfEach(all.flatMap((plan) => plan.dispatches));
    const plan = await device.prepare({ label: 'warmup', stepInput, dispatches });
    try {
      device.write(stepInput, 0, encodeStepInput([row], [0], ropeTables, [draw], [penalties]));
      await device.submit([{ plan, rows: 1, ranges: WARM_UP_RANGES }], this.readback('argmax', 0));
    } finally {
      device.release(plan);
    }
  }

  /** Ranges up to the last position of the rows. */
  private ranges(rows: readonly StepInputRow[]): number {
    const length = rows.reduce((most, { position }) => Math.max(most, position + 1), 0);
    return divideUp(length, this.model.plans.rangeTokens);
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
      case 'sample':
        return of(plans.sampleResult, 8);
      case 'logits':
        return of(plans.logits, this.limits.vocabularySize * 4);
    }
  }

  private output(mode: OutputMode, words: Uint32Array, index: number): Output {
    switch (mode) {
      case 'argmax':
      case 'sample':
        return { mode, tokenId: tokenId(words[index * 2 + 1] ?? 0), nan: words[index * 2] === NAN_KEY };
      case 'logits': {
        const size = this.limits.vocabularySize;
        // A copy of its own: receivers hand it on by transfer.
        return { mode, logits: new Float32Array(words.buffer, words.byteOffset + index * size * 4, size).slice() };
      }
    }
  }
}

/**
 * Whether penalties of later rows may look back at rows that no penalties of this step are of: those of a prompt, whose blocks others may
 * share, and known tokens that run again. What is generated is kept by its own penalties, or belongs to a request without any.
 */
function keepsAll({ body, outputs }: Submission): boolean {
  return body === 'prefill' || (body === 'decode' && outputs.length === 0);
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
