import { assert, defined } from '../base/assert';
import { tokenId } from '../base/ids';
import type { Device, DeviceBuffer, PreparedPlan, Readback } from '../device/device';
import type { PlanStep } from '../device/plan';
import { keyToLogit, NAN_KEY, TOP_K } from '../kernels/candidates';
import { encodeStepInput, type RopeTable, type StepInputRow } from '../kernels/step-input';
import type { ModelPlans } from '../models/plan-builder';
import type { Runner, RunnerLimits, StepBatch, StepOutput, StepResult } from './runner';

/** A model's plans, prepared on its device. */
export interface PreparedModel {
  readonly device: Device;
  readonly plans: ModelPlans;
  readonly prepared: Readonly<Record<'prefill' | 'decode' | 'head' | 'argmax' | 'topk', PreparedPlan>>;
  readonly ropeTables: readonly RopeTable[];
  readonly limits: RunnerLimits;
  /** Rows of logits the head computes at once. */
  readonly maxOutputs: number;
}

/** Runs steps of a prepared model: one input write and one submission a step. Holds no request state. */
export class ModelRunner implements Runner {
  readonly limits: RunnerLimits;

  constructor(private readonly model: PreparedModel) {
    this.limits = model.limits;
  }

  submit(batch: StepBatch): Promise<readonly StepResult[]> {
    const rows = inputRows(batch);
    const { outputs } = batch;
    assert(rows.length <= this.maxRows(batch.kind), 'a step fits the plan');
    const body: PlanStep = { plan: this.model.prepared[batch.kind], rows: rows.length };
    if (outputs.length === 0) return this.run(rows, [body], [], 'argmax');
    const [first, ...rest] = groupOutputs(outputs, this.model.maxOutputs);
    const head = defined(first, 'outputs');
    const results = [this.run(rows, [body], head, modeOf(head))];
    for (const group of rest) results.push(this.run(rows, [], group, modeOf(group)));
    return Promise.all(results).then((parts) => parts.flat());
  }

  private maxRows(kind: StepBatch['kind']): number {
    return kind === 'prefill' ? this.limits.maxChunkTokens : this.limits.maxDecodeRows;
  }

  /** One submission: the steps given, then the head and the choice for `outputs`, which all have one mode. */
  private async run(
    rows: readonly StepInputRow[],
    steps: readonly PlanStep[],
    outputs: readonly StepOutput[],
    mode: StepOutput['mode'],
  ): Promise<readonly StepResult[]> {
    const { device, plans, prepared, ropeTables } = this.model;
    const outputRows = outputs.map((output) => output.row);
    device.write(plans.stepInput, 0, encodeStepInput(rows, outputRows, ropeTables));
    const count = outputs.length;
    const all = [...steps];
    if (count > 0) {
      all.push({ plan: prepared.head, rows: count });
      if (mode !== 'logits') all.push({ plan: prepared[mode], rows: count });
    }
    const bytes = await device.submit(all, this.readback(mode, count));
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    return outputs.map((_, i) => this.result(mode, words, i));
  }

  /** What a step's results need; without outputs one word, to know when the step is done. */
  private readback(mode: StepOutput['mode'], outputs: number): Readback {
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

  private result(mode: StepOutput['mode'], words: Uint32Array, output: number): StepResult {
    switch (mode) {
      case 'argmax':
        return {
          mode,
          tokenId: tokenId(words[output * 2 + 1] ?? 0),
          nan: words[output * 2] === NAN_KEY,
        };
      case 'topk': {
        const kept = Math.min(TOP_K, this.limits.vocabularySize);
        const at = output * TOP_K * 2;
        const keys = Array.from({ length: kept }, (_, i) => words[at + 2 * i] ?? 0);
        return {
          mode,
          ids: Uint32Array.from(keys, (_, i) => words[at + 2 * i + 1] ?? 0),
          logits: Float32Array.from(keys, keyToLogit),
          nan: keys[0] === NAN_KEY,
        };
      }
      case 'logits': {
        const size = this.limits.vocabularySize;
        return { mode, logits: new Float32Array(words.buffer, words.byteOffset + output * size * 4, size) };
      }
    }
  }
}

function inputRows(batch: StepBatch): StepInputRow[] {
  const blocksOf = new Map(batch.sequences.map((sequence) => [sequence.slot, sequence.blocks]));
  return batch.rows.map(({ token, position, slot }) => ({
    token,
    position,
    slot,
    blocks: defined(blocksOf.get(slot), `blocks of slot ${slot}`),
  }));
}

/** Runs of neighbouring outputs of one mode, at most `most` each. */
function groupOutputs(outputs: readonly StepOutput[], most: number): readonly (readonly StepOutput[])[] {
  const groups: StepOutput[][] = [];
  for (const output of outputs) {
    const last = groups.at(-1);
    if (last !== undefined && last.length < most && last[0]?.mode === output.mode) last.push(output);
    else groups.push([output]);
  }
  return groups;
}

function modeOf(group: readonly StepOutput[]): StepOutput['mode'] {
  return defined(group[0], 'an output').mode;
}
