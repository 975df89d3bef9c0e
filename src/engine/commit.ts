import { assert, defined, InvariantError, unreachable } from '../base/assert';
import { ForgelightError } from '../base/errors';
import type { TokenId } from '../base/ids';
import type { RequestEvent } from '../protocol/events';
import type { Sampled } from '../sampling/types';
import { withBytes } from './logprob-bytes';
import type { Outbox } from './outbox';
import { generatedTokens, knownPositions, type Answer, type RequestRecord } from './request';
import type { RequestTable } from './request-table';
import type { StepResult } from './runner';
import type { Step, StepMember } from './step';

export interface CommitContext {
  readonly table: RequestTable;
  readonly outbox: Outbox;
  readonly endIds: ReadonlySet<TokenId>;
  readonly nowMs: number;
}

/**
 * Takes over the results of a step. Every request is looked up again by id and generation: one that went away while the
 * device was working is normal, its result is dropped and its listener has been told by `RequestTable.end`.
 */
export function commitStep(step: Step, results: readonly StepResult[], context: CommitContext): void {
  assert(results.length === step.batch.outputs.length, 'the runner gives one result for each output');
  for (const member of step.members) {
    const record = memberRecord(member, context);
    if (record === null) continue;
    const own = results.slice(member.firstResult, member.firstResult + member.positions.length);
    try {
      commitMember(record, member, own, context);
    } catch (error) {
      if (!(error instanceof ForgelightError)) throw error;
      context.table.fail(record, error, context.nowMs);
    }
  }
}

/** The step gave no results: its requests fail with `error`, and what others read of theirs is computed again. */
export function commitFailure(step: Step, error: unknown, context: CommitContext): void {
  for (const member of step.members) {
    const record = memberRecord(member, context);
    if (record !== null) context.table.fail(record, error, context.nowMs);
  }
  context.table.distrust();
}

/** The member's request, if it is still there and still in the place that the step ran for. */
function memberRecord(member: StepMember, { table }: CommitContext): RequestRecord | null {
  const record = table.find(member.id, member.generation);
  return record?.incarnation === member.incarnation ? record : null;
}

function commitMember(
  record: RequestRecord,
  member: StepMember,
  results: readonly StepResult[],
  context: CommitContext,
): void {
  if (results.some(hasNaN)) throw producedNaN(record);
  commitRows(record, member.stored, context);
  const { answer } = record;
  if (answer !== null) {
    for (const result of results) commitToken(record, answer, result, context);
    return;
  }
  results.forEach((result, index) => {
    const position = defined(member.positions[index], 'position');
    const event = report(record, result, position);
    if (event === null) return;
    record.losses = 0;
    context.outbox.post(record.listener, event);
  });
  if (record.stored === record.task.promptIds.length) context.table.end(record, { kind: 'stop' }, context.nowMs);
}

/** What a request without an answer asked for; `null` where it was told before a preemption. */
function report(record: RequestRecord, result: StepResult, position: number): RequestEvent | null {
  const { task } = record;
  const { id: requestId } = record.listener;
  if (task.kind === 'embed') {
    assert(result.mode === 'embedding', 'embed asks for an embedding');
    return { type: 'embedding', requestId, embedding: result.embedding };
  }
  assert(task.kind === 'evaluate' && result.mode === 'logits', 'evaluate asks for logits');
  if (task.positions[record.logitsTold] !== position) return null;
  record.logitsTold += 1;
  return { type: 'logits', requestId, position, logits: result.logits };
}

function commitRows(record: RequestRecord, stored: number, { table, outbox, nowMs }: CommitContext): void {
  const total = record.task.promptIds.length;
  record.stored = stored;
  if (record.state !== 'prefilling') return;
  const done = Math.min(stored, total);
  if (done > record.promptTold) {
    record.promptTold = done;
    outbox.post(record.listener, { type: 'prefill', requestId: record.listener.id, done, total });
  }
  if (stored >= knownPositions(record)) table.prompted(record, nowMs);
}

/**
 * One more token of the answer. The end token counts as generated, as in llama.cpp's server, but is no text and gives
 * no `token` event.
 */
function commitToken(record: RequestRecord, answer: Answer, result: StepResult, context: CommitContext): void {
  const { table, outbox, endIds, nowMs } = context;
  const { tokenId, logprob } = choose(record, answer, result);
  record.history.push(tokenId);
  record.losses = 0;
  table.changed();
  if (endIds.has(tokenId)) {
    table.end(record, { kind: 'stop' }, nowMs);
    return;
  }
  const { text, stopped } = answer.text.push(tokenId);
  const requestId = record.listener.id;
  outbox.post(record.listener, {
    type: 'token',
    requestId,
    tokenId,
    text,
    ...(logprob === undefined ? {} : { logprob: withBytes(logprob, answer.tokenizer) }),
  });
  if (stopped) table.end(record, { kind: 'stop' }, nowMs);
  else if (generatedTokens(record) >= answer.maxOutputs) table.end(record, { kind: 'length' }, nowMs);
}

function choose(record: RequestRecord, answer: Answer, result: StepResult): Sampled {
  switch (result.mode) {
    case 'argmax':
    case 'sample':
      return { tokenId: result.tokenId };
    case 'logits':
      return answer.sampler.sampleLogits(result.logits, record.history, generatedTokens(record));
    case 'embedding':
      throw new InvariantError('no token is chosen from an embedding');
    default:
      return unreachable(result);
  }
}

function hasNaN(result: StepResult): boolean {
  if ('nan' in result) return result.nan;
  const values = result.mode === 'logits' ? result.logits : result.embedding;
  for (let index = 0; index < values.length; index++) if (Number.isNaN(values[index])) return true;
  return false;
}

function producedNaN(record: RequestRecord): ForgelightError {
  return new ForgelightError(
    'corrupt-model',
    'The model produced NaN (not a number) instead of an answer: its weights are damaged, or this device computes them wrongly. ' +
      'Load the model again; if that does not help, try another file.',
    { requestId: record.listener.id },
  );
}
