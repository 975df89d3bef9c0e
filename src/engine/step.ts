import { assert, defined, unreachable } from '../base/assert';
import type { RequestId } from '../base/ids';
import { generatedTokens, type Answer, type RequestRecord } from './request';
import type { RequestTable } from './request-table';
import type { StepBatch, StepOutput, StepResult, StepRow } from './runner';
import type { StepPlan } from './scheduler';

/** One request's part in a step. Commit finds the request again by id and generation, never through a reference. */
export interface StepMember {
  readonly id: RequestId;
  readonly generation: number;
  /** Prompt rows that are in the KV cache after this step; `null` in a decode step. */
  readonly promptDone: number | null;
  /** Index of its first result. */
  readonly firstResult: number;
  /** Positions of its results. */
  readonly positions: readonly number[];
}

export interface Step {
  readonly batch: StepBatch;
  readonly members: readonly StepMember[];
}

export type StepOutcome =
  | { readonly kind: 'results'; readonly results: readonly StepResult[] }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Turns a plan into rows for the device, and counts them as submitted: the caller submits the step at once. */
export function assemble(plan: StepPlan, table: RequestTable): Step {
  switch (plan.kind) {
    case 'prefill':
      return prefillStep(defined(table.live.get(plan.id), `request ${plan.id}`), plan.from, plan.to);
    case 'decode':
      return decodeStep(
        plan.ids.map((id) => defined(table.live.get(id), `request ${id}`)),
        table,
      );
    default:
      return unreachable(plan);
  }
}

function prefillStep(record: RequestRecord, from: number, to: number): Step {
  const slot = slotOf(record);
  const rows = record.task.promptIds
    .slice(from, to)
    .map((token, index): StepRow => ({ token, position: from + index, slot }));
  const { answer, task } = record;
  const isLast = to === task.promptIds.length;
  const lastRow = isLast ? [to - 1] : [];
  const positions = task.kind === 'evaluate' ? task.positions.filter((at) => at >= from && at < to) : lastRow;
  const mode = task.kind === 'embed' ? 'embedding' : (answer?.sampler.mode ?? 'logits');
  const outputs = positions.map((position): StepOutput => ({ row: position - from, mode }));
  record.promptSubmitted = to;
  if (answer !== null && isLast) answer.outputsSubmitted = 1;
  return {
    batch: { kind: 'prefill', rows, sequences: [{ slot, blocks: record.blocks }], outputs },
    members: [{ ...identity(record), promptDone: to, firstResult: 0, positions }],
  };
}

function decodeStep(records: readonly RequestRecord[], table: RequestTable): Step {
  const rows = records.map((record) => decodeRow(record, answerOf(record), table));
  return {
    batch: {
      kind: 'decode',
      rows,
      sequences: records.map((record) => ({ slot: slotOf(record), blocks: record.blocks })),
      outputs: records.map((record, row) => ({ row, mode: answerOf(record).sampler.mode })),
    },
    members: records.map((record, index) => ({
      ...identity(record),
      promptDone: null,
      firstResult: index,
      positions: [defined(rows[index], 'row').position],
    })),
  };
}

/** The row of the newest token of the answer, which the host may not know yet. */
function decodeRow(record: RequestRecord, answer: Answer, table: RequestTable): StepRow {
  const position = record.task.promptIds.length + answer.outputsSubmitted - 1;
  const isKnown = answer.outputsSubmitted === generatedTokens(record);
  assert(isKnown || answer.sampler.mode === 'argmax', 'only an argmax may stay on the device');
  table.grow(record, position);
  answer.outputsSubmitted += 1;
  return { token: isKnown ? defined(record.history[position], 'token') : null, position, slot: slotOf(record) };
}

function identity(record: RequestRecord): Pick<StepMember, 'id' | 'generation'> {
  return { id: record.listener.id, generation: record.listener.generation };
}

function slotOf(record: RequestRecord): number {
  return defined(record.slot, `slot of request ${record.listener.id}`);
}

function answerOf(record: RequestRecord): Answer {
  return defined(record.answer, `answer of request ${record.listener.id}`);
}
