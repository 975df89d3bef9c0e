import { defined } from '../base/assert';
import { divideUp } from '../base/units';
import { countersSince, NO_COUNTS, type DeviceCounters } from '../base/counters';
import { tokenId, type TokenId } from '../base/ids';
import type { Device, PreparedPlan, Readback } from '../device/device';
import type { Dispatch, PlanStep } from '../device/plan';
import { NAN_KEY } from '../kernels/candidates';
import { widthFor } from '../kernels/matvec';
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
  readonly prepared: Readonly<Record<'keep' | 'penalise' | 'argmax' | 'sample', PreparedPlan>> &
    Readonly<Record<'prefill' | 'decode' | 'head', readonly PreparedWidth[]>>;
  readonly ropeTables: readonly RopeTable[];
  readonly limits: ModelLimits;
}

/** A prepared plan whose linear layers read the weights once for `width` rows. */
export interface PreparedWidth {
  readonly width: number;
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
  /** At most `maxOutputs`. */
  readonly outputs: readonly RowOutput[];
}

/**
 * What is wanted of a row, which is an index into the submission's. `argmax`, `sample`: the device chooses a token, once it has penalised the
 * logits; `logits`: they come as they are.
 */
export type RowOutput =
  | { readonly row: number; readonly mode: 'logits' }
  | { readonly row: number; readonly mode: 'argmax'; readonly penalties?: StepInputPenalties }
  | {
      readonly row: number;
      readonly mode: 'sample';
      readonly draw: StepInputDraw;
      readonly penalties?: StepInputPenalties;
    };

/** What `sample` draws with it is what `argmax` chooses, to the bit: the best of the logits, the lowest id among equals, NaN before all. */
const GREEDY_DRAW: StepInputDraw = { topK: 1, temperature: 1, topP: 1, minP: 0, unit: 0 };

/** What became of an output's logits. */
export type Output =
  | { readonly mode: 'argmax' | 'sample'; readonly tokenId: TokenId; readonly nan: boolean }
  | { readonly mode: 'logits'; readonly logits: Float32Array }; // [vocabularySize]

/** Of a choice: the key of its logit, the token's id. */
const CHOSEN_WORDS = 2;

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
  async run({ body, rows, outputs }: Submission): Promise<readonly Output[]> {
    const { device, plans, prepared, ropeTables } = this.model;
    const whole = outputs.filter(({ mode }) => mode === 'logits');
    // Whole logits are read from the beginning of their buffer.
    const inOrder = [...whole, ...outputs.filter(({ mode }) => mode !== 'logits')];
    const choice = choiceOf(outputs);
    const draws = choice === 'sample' ? inOrder.map(drawOf) : [];
    const penalties = inOrder.map(penaltiesOf);
    const isPenalised = penalties.some((penalty) => penalty !== null);
    const ofRows = inOrder.map(({ row }) => row);
    if (body !== null) this.decodeStart = body === 'decode' ? device.counters() : null;
    const input = encodeStepInput(rows, ofRows, ropeTables, draws, isPenalised ? penalties : []);
    device.write(plans.stepInput, 0, input);
    const steps: PlanStep[] = [];
    if (keepsAll(body, outputs)) steps.push({ plan: prepared.keep, rows: rows.length });
    if (body === 'prefill') steps.push(stepOf(prepared.prefill, rows.length));
    if (body === 'decode') steps.push({ ...stepOf(prepared.decode, rows.length), ranges: this.ranges(rows) });
    if (outputs.length > 0) {
      steps.push(stepOf(prepared.head, outputs.length));
      if (isPenalised) steps.push({ plan: prepared.penalise, rows: outputs.length });
      if (choice !== null) steps.push({ plan: prepared[choice], rows: outputs.length });
    }
    const submitted = device.submit(steps, ...this.readbacks(choice, whole.length, outputs.length));
    if (this.decodeStart !== null) this.decodeCounts = countersSince(device.counters(), this.decodeStart);
    const found = this.outputs(await submitted, inOrder, whole.length);
    return outputs.map((output) => defined(found.get(output), 'what became of an output'));
  }

  /** Runs every pipeline of the model's plans once on one row, in whatever layer it is met first; resolves when that is done. */
  async runEveryPipeline(row: StepInputRow, draw: StepInputDraw, penalties: StepInputPenalties): Promise<void> {
    const { device, plans, ropeTables } = this.model;
    const { stepInput, prefill, decode, head, keep, penalise, argmax, sample } = plans;
    const all = [keep, ...[...prefill, ...decode, ...head].map(({ plan }) => plan), penalise, argmax, sample];
    const dispatches = firstOfEach(all.flatMap((plan) => plan.dispatches));
    const plan = await device.prepare({ label: 'warmup', stepInput, dispatches });
    try {
      device.write(stepInput, 0, encodeStepInput([row], [0], ropeTables, [draw], [penalties]));
      await device.submit([{ plan, rows: 1, ranges: WARM_UP_RANGES }], ...this.readbacks(null, 0, 0));
    } finally {
      device.release(plan);
    }
  }

  /** Ranges up to the last position of the rows. */
  private ranges(rows: readonly StepInputRow[]): number {
    const length = rows.reduce((most, { position }) => Math.max(most, position + 1), 0);
    return divideUp(length, this.model.plans.rangeTokens);
  }

  /** All logits of the first `whole` outputs, and what was chosen for each; without any, one word, to know when the step is done. */
  private readbacks(choice: 'argmax' | 'sample' | null, whole: number, outputs: number): readonly Readback[] {
    const { logits, argmaxResult, sampleResult } = this.model.plans;
    if (outputs === 0) return [{ buffer: argmaxResult, sizeBytes: 4 }];
    const ofWhole = { buffer: logits, sizeBytes: whole * this.limits.vocabularySize * 4 };
    const chosen = { buffer: choice === 'argmax' ? argmaxResult : sampleResult, sizeBytes: outputs * CHOSEN_WORDS * 4 };
    return [...(whole > 0 ? [ofWhole] : []), ...(choice === null ? [] : [chosen])];
  }

  /** What `readbacks` brought, of outputs the first `whole` of which want their logits. */
  private outputs(bytes: Uint8Array, inOrder: readonly RowOutput[], whole: number): ReadonlyMap<RowOutput, Output> {
    const { vocabularySize } = this.limits;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const outputAt = ({ mode }: RowOutput, index: number): Output => {
      if (mode === 'logits') {
        const from = bytes.byteOffset + index * vocabularySize * 4;
        // A copy of its own: receivers hand it on by transfer.
        return { mode, logits: new Float32Array(bytes.buffer, from, vocabularySize).slice() };
      }
      const at = whole * vocabularySize + index * CHOSEN_WORDS;
      return { mode, tokenId: tokenId(defined(words[at + 1], 'the token of an output')), nan: words[at] === NAN_KEY };
    };
    return new Map(inOrder.map((output, index) => [output, outputAt(output, index)]));
  }
}

/** How the device chooses where it does: in one way for all, greedy outputs among those that are drawn. */
function choiceOf(outputs: readonly RowOutput[]): 'argmax' | 'sample' | null {
  if (outputs.some(({ mode }) => mode === 'sample')) return 'sample';
  return outputs.some(({ mode }) => mode === 'argmax') ? 'argmax' : null;
}

function drawOf(output: RowOutput): StepInputDraw {
  return output.mode === 'sample' ? output.draw : GREEDY_DRAW;
}

function penaltiesOf(output: RowOutput): StepInputPenalties | null {
  return output.mode === 'logits' ? null : (output.penalties ?? null);
}

/**
 * Whether penalties of later rows may look back at rows that no penalties of this step are of: those of a prompt, whose blocks others may
 * share, and known tokens that run again. What is generated is kept by its own penalties, or belongs to a request without any.
 */
function keepsAll(body: Submission['body'], outputs: readonly RowOutput[]): boolean {
  return body === 'prefill' || (body === 'decode' && outputs.length === 0);
}

/** One dispatch of each pipeline. */
export function firstOfEach(dispatches: readonly Dispatch[]): readonly Dispatch[] {
  const first = new Map<string, Dispatch>();
  for (const dispatch of dispatches) {
    const key = JSON.stringify([dispatch.shader, dispatch.modules, dispatch.constants]);
    if (!first.has(key)) first.set(key, dispatch);
  }
  return [...first.values()];
}

/** The plan that reads the weights once for so many rows, or as seldom as it can. */
export function stepOf(plans: readonly PreparedWidth[], rows: number): PlanStep {
  return { plan: widthFor(plans, rows).plan, rows };
}
