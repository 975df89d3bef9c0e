import { assert, defined, unreachable } from '../base/assert';
import type { RequestId } from '../base/ids';
import { choosesOnDevice, type RequestRecord } from './request';
import type { RequestTable } from './request-table';
import type { StepBatch, StepOutput, StepResult, StepRow, StepSequence } from './runner';
import type { StepPlan } from './scheduler';

/** One request's part in a step. Commit finds the request again by id and generation, never through a reference. */
export interface StepMember {
  readonly id: RequestId;
  readonly generation: number;
  readonly incarnation: number;
  /** Positions in the KV cache after this step. */
  readonly stored: number;
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

/** The positions whose rows a plan runs, for each of its requests. */
export function rowsOf(plan: StepPlan, table: RequestTable): { record: RequestRecord; from: number; to: number }[] {
  const recordOf = (id: RequestId): RequestRecord => defined(table.live.get(id), `request ${id}`);
  switch (plan.kind) {
    case 'prefill':
    case 'replay':
      return [{ record: recordOf(plan.id), from: plan.from, to: plan.to }];
    case 'decode':
      return plan.ids.map(recordOf).map((record) => ({ record, from: record.submitted, to: record.submitted + 1 }));
    default:
      return unreachable(plan);
  }
}

/** Turns a plan, whose blocks are reserved, into rows for the device and counts them as submitted: the caller submits at once. */
export function assemble(plan: StepPlan, table: RequestTable): Step {
  const parts = rowsOf(plan, table).map(({ record, from, to }) => {
    const slot = defined(record.slot, `slot of request ${record.listener.id}`);
    const rows = Array.from({ length: to - from }, (_, index) => rowAt(record, slot, from + index));
    return { record, from, to, rows, sequence: sequenceOf(record, slot), positions: outputPositions(plan, record, to) };
  });
  const outputs: StepOutput[] = [];
  const members: StepMember[] = [];
  let firstRow = 0;
  for (const { record, from, to, positions } of parts) {
    const { id, generation } = record.listener;
    const firstResult = outputs.length;
    members.push({ id, generation, incarnation: record.incarnation, stored: to, firstResult, positions });
    for (const position of positions) outputs.push(outputAt(record, position, firstRow + position - from));
    firstRow += to - from;
    record.submitted = to;
  }
  return {
    batch: {
      kind: plan.kind === 'prefill' ? 'prefill' : 'decode',
      rows: parts.flatMap((part) => part.rows),
      sequences: parts.map((part) => part.sequence),
      outputs,
    },
    members,
  };
}

/** The row of a position whose token may not be known to the host yet. */
function rowAt(record: RequestRecord, slot: number, position: number): StepRow {
  const isKnown = position < record.history.length;
  assert(isKnown || choosesOnDevice(record), 'only a token that the device chose may stay there');
  return { token: isKnown ? defined(record.history[position], 'token') : null, position, slot };
}

/** A draw, and the penalties, are those of the token behind the position, however many tokens the host knows by now. */
function outputAt(record: RequestRecord, position: number, row: number): StepOutput {
  const { answer, task } = record;
  if (task.kind === 'embed') return { row, mode: 'embedding' };
  if (answer === null) return { row, mode: 'logits' };
  const { mode } = answer.sampler;
  if (mode === 'logits') return { row, mode };
  const penalties = answer.sampler.penalties(position);
  const penalised = penalties === null ? { row } : { row, penalties };
  if (mode === 'argmax') return { ...penalised, mode };
  return { ...penalised, mode, draw: answer.sampler.draw(position + 1 - task.promptIds.length) };
}

function sequenceOf(record: RequestRecord, slot: number): StepSequence {
  const { blocks, windowBlocks } = defined(record.kv, `blocks of request ${record.listener.id}`);
  return { slot, blocks, windowBlocks };
}

/** The positions of the step whose outputs somebody waits for. */
function outputPositions(plan: StepPlan, record: RequestRecord, to: number): readonly number[] {
  const { task } = record;
  switch (plan.kind) {
    case 'prefill':
      if (task.kind === 'evaluate') return task.positions.filter((at) => at >= plan.from && at < to);
      return to === record.history.length ? [to - 1] : [];
    case 'replay':
      return [];
    case 'decode':
      return [to - 1];
    default:
      return unreachable(plan);
  }
}
