import type { BlockId, TokenId } from '../base/ids';
import type { Task } from '../protocol/commands';
import type { Outcome, RequestEvent, Timings, Usage } from '../protocol/events';
import type { RequestSnapshot, RequestState } from '../protocol/snapshot';
import { createSampler, type Sampler } from '../sampling/chain';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { blockBudget, maxOutputs } from './admission';
import { AnswerText } from './answer-text';
import type { Listener } from './outbox';
import type { RunnerLimits } from './runner';

/** The growing answer of a `generate` request. */
export interface Answer {
  readonly sampler: Sampler;
  readonly text: AnswerText;
  /** Tokens it may have. */
  readonly maxOutputs: number;
  /** Tokens that steps were submitted for: at most one ahead of the known ones for each step in flight. */
  outputsSubmitted: number;
}

/** All that the engine knows of one live request. Owned by the actor's table; nobody else sees it. */
export interface RequestRecord {
  readonly listener: Listener;
  readonly task: Task;
  /** The most KV blocks it may come to hold; promised at admission. */
  readonly blockBudget: number;
  /** `null` for `evaluate` and `embed`. */
  readonly answer: Answer | null;
  /** Prompt and known answer. */
  readonly history: TokenId[];

  state: RequestState;
  /** Stops the request's timer. */
  cancelDeadline: () => void;
  /** Its place on the device, while it is prefilling or decoding. */
  slot: number | null;
  /** Replaced, never changed: steps in flight hold it too. */
  blocks: readonly BlockId[];
  /** Prompt rows in submitted steps. */
  promptSubmitted: number;
  /** Prompt rows in committed steps. */
  promptDone: number;
  startedAtMs: number | null;
  promptedAtMs: number | null;
}

export interface RecordSource {
  readonly tokenizer: Pick<Tokenizer, 'bytes'>;
  readonly limits: RunnerLimits;
}

/** A queued request, not yet in the table. Throws `invalid-request` for an empty stop string. */
export function createRecord(listener: Listener, task: Task, source: RecordSource): RequestRecord {
  return {
    listener,
    task,
    blockBudget: blockBudget(task, source.limits),
    answer:
      task.kind !== 'generate'
        ? null
        : {
            sampler: createSampler(task.sampling, source.limits.topK),
            text: new AnswerText(source.tokenizer, task.stop),
            maxOutputs: maxOutputs(task, source.limits),
            outputsSubmitted: 0,
          },
    history: [...task.promptIds],
    state: 'queued',
    cancelDeadline: () => {},
    slot: null,
    blocks: [],
    promptSubmitted: 0,
    promptDone: 0,
    startedAtMs: null,
    promptedAtMs: null,
  };
}

/** Tokens that the model chose so far, the end token included. */
export function generatedTokens(record: RequestRecord): number {
  return record.history.length - record.task.promptIds.length;
}

export function requestSnapshot(record: RequestRecord, outcome: Outcome | null): RequestSnapshot {
  return Object.freeze({
    id: record.listener.id,
    state: record.state,
    promptTokens: record.task.promptIds.length,
    generatedTokens: generatedTokens(record),
    ...(outcome === null ? {} : { finishReason: outcome.kind }),
    ...(outcome?.kind === 'failed' ? { error: Object.freeze({ ...outcome.error }) } : {}),
  });
}

/** The terminal event of a live request; gives up the text that was held back. */
export function endedEvent(record: RequestRecord, outcome: Outcome, nowMs: number): RequestEvent {
  const completionTokens = generatedTokens(record);
  const startedAtMs = record.startedAtMs ?? nowMs;
  const promptedAtMs = record.promptedAtMs ?? nowMs;
  return {
    type: 'ended',
    requestId: record.listener.id,
    outcome,
    text: record.answer?.text.finish() ?? '',
    usage: { promptTokens: record.task.promptIds.length, completionTokens, cachedTokens: 0 },
    timings: timings(record.promptDone, promptedAtMs - startedAtMs, completionTokens, nowMs - promptedAtMs),
  };
}

/** The one event of a request that was refused. */
export function refusedEvent(listener: Listener, task: Task, outcome: Outcome): RequestEvent {
  const usage: Usage = { promptTokens: task.promptIds.length, completionTokens: 0, cachedTokens: 0 };
  return { type: 'ended', requestId: listener.id, outcome, text: '', usage, timings: timings(0, 0, 0, 0) };
}

/** llama.cpp counts as here: the first token belongs to `predicted_n`, its step to `prompt_ms`. Rates are 0 where no time passed. */
function timings(promptTokens: number, promptMs: number, predictedTokens: number, predictedMs: number): Timings {
  return {
    prompt_n: promptTokens,
    prompt_ms: promptMs,
    prompt_per_second: promptMs > 0 ? (promptTokens * 1000) / promptMs : 0,
    predicted_n: predictedTokens,
    predicted_ms: predictedMs,
    predicted_per_second: predictedMs > 0 ? (predictedTokens * 1000) / predictedMs : 0,
    cache_n: 0,
  };
}
