import type { TokenId } from '../base/ids';
import type { GenerateTask, Task } from '../protocol/commands';
import type { Outcome, RequestEvent, Timings, Usage } from '../protocol/events';
import type { RequestSnapshot, RequestState } from '../protocol/snapshot';
import { createSampler, type Sampler } from '../sampling/chain';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { maxOutputs } from './admission';
import { AnswerText } from './answer-text';
import type { KvSequence } from './kv-cache';
import type { Listener } from './outbox';
import type { RunnerLimits } from './runner';

/** The growing answer of a `generate` request. */
export interface Answer {
  readonly sampler: Sampler;
  readonly text: AnswerText;
  readonly tokenizer: Pick<Tokenizer, 'bytes'>;
  /** Tokens it may have: fewer once it goes on on a device with less memory. */
  maxOutputs: number;
}

/** All that the engine knows of one live request. Owned by the actor's table; nobody else sees it. */
export interface RequestRecord {
  readonly listener: Listener;
  readonly task: Task;
  /** `null` for `evaluate` and `embed`. */
  readonly answer: Answer | null;
  /** Prompt and known answer. */
  readonly history: TokenId[];

  state: RequestState;
  /** Stops the request's timer. */
  cancelDeadline: () => void;
  /** Its place on the device, while it is prefilling or decoding. */
  slot: number | null;
  /** Its blocks, as long as it has a slot. */
  kv: KvSequence | null;
  /** How often it lost its place: what steps of an earlier one bring is dropped, and computed again. */
  incarnation: number;
  /** Positions in the KV cache once all submitted steps are done: rows are submitted in order, one for each position. */
  submitted: number;
  /** The same for committed steps. */
  stored: number;
  /** Prompt tokens that the listener was told are done: the first time counts. */
  promptTold: number;
  /** Wanted positions of `evaluate` whose logits were told: each once, also after a preemption. */
  logitsTold: number;
  /** Prompt tokens found in the KV cache at the first admission. */
  cachedTokens: number;
  /** Devices that were lost while they worked on it, since it last got on. */
  losses: number;
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
    answer: task.kind === 'generate' ? createAnswer(task, source) : null,
    history: [...task.promptIds, ...(task.kind === 'generate' ? task.emittedIds : [])],
    state: 'queued',
    cancelDeadline: () => {},
    slot: null,
    kv: null,
    incarnation: 0,
    submitted: 0,
    stored: 0,
    promptTold: 0,
    logitsTold: 0,
    cachedTokens: 0,
    losses: 0,
    startedAtMs: null,
    promptedAtMs: null,
  };
}

/** Text of tokens that were emitted before is not told again; they may have met a stop string. */
function createAnswer(task: GenerateTask, { tokenizer, limits }: RecordSource): Answer {
  const text = new AnswerText(tokenizer, task.stop);
  for (const id of task.emittedIds) if (!text.stopped) text.push(id);
  return { sampler: createSampler(task.sampling, limits), text, tokenizer, maxOutputs: maxOutputs(task, limits) };
}

/** Positions that have to be in the KV cache before the next token can be chosen: the prompt, and all of the known answer but its end. */
export function knownPositions(record: RequestRecord): number {
  return Math.max(record.task.promptIds.length, record.history.length - 1);
}

/** The device itself chooses its tokens, so that the next row needs no word from the host: for all its life. */
export function choosesOnDevice(record: RequestRecord): boolean {
  const mode = record.answer?.sampler.mode;
  return mode === 'argmax' || mode === 'sample';
}

/** Tokens that the model chose so far, the end token included. */
export function generatedTokens(record: RequestRecord): number {
  return record.history.length - record.task.promptIds.length;
}

/** What an answer ends with that is whole before the request has a place. */
export function knownOutcome(record: RequestRecord): 'stop' | 'length' | null {
  const { answer } = record;
  if (answer === null) return null;
  if (answer.text.stopped) return 'stop';
  return generatedTokens(record) >= answer.maxOutputs ? 'length' : null;
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
    usage: { promptTokens: record.task.promptIds.length, completionTokens, cachedTokens: record.cachedTokens },
    timings: timings({
      cachedTokens: record.cachedTokens,
      promptTokens: Math.max(0, record.promptTold - record.cachedTokens),
      promptMs: promptedAtMs - startedAtMs,
      predictedTokens: completionTokens - emittedElsewhere(record.task),
      predictedMs: nowMs - promptedAtMs,
    }),
  };
}

/** Tokens of the answer that came from another engine. */
function emittedElsewhere(task: Task): number {
  return task.kind === 'generate' ? task.emittedIds.length : 0;
}

/** The one event of a request that was refused. */
export function refusedEvent(listener: Listener, task: Task, outcome: Outcome): RequestEvent {
  const usage: Usage = { promptTokens: task.promptIds.length, completionTokens: 0, cachedTokens: 0 };
  return { type: 'ended', requestId: listener.id, outcome, text: '', usage, timings: NO_TIMINGS };
}

/** llama.cpp counts as here: the first token belongs to `predicted_n`, its step to `prompt_ms`. Rates are 0 where no time passed. */
function timings(of: {
  readonly cachedTokens: number;
  readonly promptTokens: number;
  readonly promptMs: number;
  readonly predictedTokens: number;
  readonly predictedMs: number;
}): Timings {
  const rate = (tokens: number, ms: number): number => (ms > 0 ? (tokens * 1000) / ms : 0);
  return {
    prompt_n: of.promptTokens,
    prompt_ms: of.promptMs,
    prompt_per_second: rate(of.promptTokens, of.promptMs),
    predicted_n: of.predictedTokens,
    predicted_ms: of.predictedMs,
    predicted_per_second: rate(of.predictedTokens, of.predictedMs),
    cache_n: of.cachedTokens,
  };
}

/** Of a request that never ran. */
export const NO_TIMINGS: Timings = timings({
  cachedTokens: 0,
  promptTokens: 0,
  promptMs: 0,
  predictedTokens: 0,
  predictedMs: 0,
});
