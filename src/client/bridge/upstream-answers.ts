import { ForgelightError } from '../../base/errors';
import type { Timings } from '../../protocol/events';
import type {
  AnswerDevice,
  ChatCompletion,
  ChatCompletionChunk,
  EmbeddingList,
  FinishReason,
  TextCompletion,
} from '../types';

/** What another server answered may be anything: it is OpenAI's object with fields of its own, of which it may leave some out. */
type Loose = Readonly<Record<string, unknown>>;

const TIMINGS = [
  ...(['prompt_n', 'prompt_ms', 'prompt_per_second', 'predicted_n'] as const),
  ...(['predicted_ms', 'predicted_per_second', 'cache_n'] as const),
] satisfies readonly (keyof Timings)[];

/** A chunk of a chat's answer; `null`: it is none. `device`: what answers where it does not say. */
export function chatChunkOf(frame: unknown, device: AnswerDevice): ChatCompletionChunk | null {
  return answerOf(frame, device, ({ delta }) => ({ delta: withoutNulls(delta) })) as ChatCompletionChunk | null;
}

/** Throws `network` where the answer is none. */
export function chatOf(answer: unknown, device: AnswerDevice): ChatCompletion {
  const told = answerOf(answer, device, ({ message }) => {
    const { content } = looseOf(message);
    return { message: { ...looseOf(message), role: 'assistant', content: textOf(content) } };
  });
  return orThrow(told as ChatCompletion | null);
}

export function completionChunkOf(frame: unknown, device: AnswerDevice): TextCompletion | null {
  return answerOf(frame, device, ({ text }) => ({ text: textOf(text) })) as TextCompletion | null;
}

export function completionOf(answer: unknown, device: AnswerDevice): TextCompletion {
  return orThrow(completionChunkOf(answer, device));
}

export function embeddingsOf(answer: unknown): EmbeddingList<string | readonly number[]> {
  const isList = Array.isArray(looseOf(answer)['data']);
  return orThrow(isList ? (answer as EmbeddingList<string | readonly number[]>) : null);
}

/** What the daemon says that it passes requests on to, by its name alone. */
export function upstreamDevice(told: unknown): AnswerDevice | null {
  if (typeof told !== 'string' || told === '') return null;
  return { kind: 'upstream', name: told.replace(/^upstream: /, '') };
}

function answerOf(value: unknown, device: AnswerDevice, part: (choice: Loose) => object): object | null {
  const { choices, timings, ...rest } = looseOf(value);
  if (!Array.isArray(choices)) return null;
  const { system_fingerprint: fingerprint, device: named } = rest;
  const measured = timingsOf(timings);
  return {
    ...rest,
    system_fingerprint: textOf(fingerprint),
    device: upstreamDevice(named) ?? device,
    choices: choices.map((choice: unknown, index) => {
      const one = looseOf(choice);
      const { logprobs = null, finish_reason: reason } = one;
      return { index, ...one, logprobs, finish_reason: reasonOf(reason), ...part(one) };
    }),
    ...(measured === null ? {} : { timings: measured }),
  };
}

/** Only whole ones can be shown and kept; that nothing was cached is what some servers leave out. */
function timingsOf(value: unknown): Timings | null {
  const timings: Loose = { cache_n: 0, ...looseOf(value) };
  const isWhole = TIMINGS.every((name) => typeof timings[name] === 'number' && Number.isFinite(timings[name]));
  return isWhole ? (Object.fromEntries(TIMINGS.map((name) => [name, timings[name]])) as unknown as Timings) : null;
}

/** Servers have reasons of their own; all of them are an end. */
function reasonOf(value: unknown): FinishReason | null {
  if (value === null || value === undefined) return null;
  return value === 'length' || value === 'tool_calls' ? value : 'stop';
}

function withoutNulls(value: unknown): object {
  return Object.fromEntries(Object.entries(looseOf(value)).filter(([, field]) => field !== null));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function looseOf(value: unknown): Loose {
  return typeof value === 'object' && value !== null ? (value as Loose) : {};
}

function orThrow<T>(answer: T | null): T {
  if (answer !== null) return answer;
  throw new ForgelightError(
    'network',
    'What the server behind the bridge answered is no answer. Look at its terminal.',
  );
}
