import type { ChatMessage, FinishReason, Timings } from '../client/index';
import type { Failure } from './failure';

export type AnswerStatus =
  /** Sent; the model reads the prompt. */
  | { readonly kind: 'reading' }
  | { readonly kind: 'writing'; readonly pace?: Pace }
  | { readonly kind: 'finished'; readonly reason: FinishReason; readonly timings: Timings | null }
  | { readonly kind: 'stopped' }
  /** Never kept: another tab writes it, and this is what is known of it here. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** How the writing goes so far. */
export interface Pace {
  /** Pieces of text that came, about one a token. */
  readonly pieces: number;
  /** From the first of them to the last. */
  readonly spanMs: number;
}

export interface Question {
  readonly role: 'user';
  readonly id: number;
  readonly text: string;
}

export interface Answer {
  readonly role: 'assistant';
  readonly id: number;
  readonly text: string;
  readonly status: AnswerStatus;
  /** From sending to the first text, as the person waited for it; `null` until then. */
  readonly firstTokenMs: number | null;
  /** What wrote it, in order: a running answer may move. Absent before its first text, and where nobody said. */
  readonly devices?: readonly Writer[];
}

/** A device that answers; of a newer version's answers it may be of a kind that this one does not know. */
export interface Writer {
  readonly kind: string;
  readonly name: string;
}

/** A message as it is shown. */
export type Message = Question | Answer;

/** Where a message stands among those beside it: other versions of a question, other answers to one. */
export interface Versions {
  /** From 1. */
  readonly position: number;
  readonly count: number;
  readonly previous: number | null;
  readonly next: number | null;
}

/** What the parts need to know of the engine. `recovering`: without a GPU, and no answer waits for one. `elsewhere`: another tab answers here. */
export type ChatPhase = 'idle' | 'loading' | 'ready' | 'generating' | 'recovering' | 'elsewhere' | 'error';

/** The answer with the text that came `sinceAskedMs` after sending, from `writer` where that is known. */
export function withPiece(answer: Answer, text: string, sinceAskedMs: number, writer?: Writer): Answer {
  const firstTokenMs = answer.firstTokenMs ?? sinceAskedMs;
  const before = answer.status.kind === 'writing' ? (answer.status.pace?.pieces ?? 0) : 0;
  const pace = { pieces: before + 1, spanMs: sinceAskedMs - firstTokenMs };
  const { devices = [] } = answer;
  const last = devices.at(-1);
  const isOther = writer !== undefined && (last?.kind !== writer.kind || last.name !== writer.name);
  const written = { ...answer, text: answer.text + text, status: { kind: 'writing', pace } as const, firstTokenMs };
  return isOther ? { ...written, devices: [...devices, { kind: writer.kind, name: writer.name }] } : written;
}

/** Whether the message is an answer that has not ended. */
export function isRunning(message: Message): message is Answer {
  return message.role === 'assistant' && (message.status.kind === 'reading' || message.status.kind === 'writing');
}

/** How an answer ended of which only the text is known: one without any was stopped before its first word. */
export function endOf(text: string): AnswerStatus {
  return text === '' ? { kind: 'stopped' } : { kind: 'finished', reason: 'stop', timings: null };
}

/**
 * The conversation as the model is given it. A question that got no answer at all is left out with its empty answer: templates want the
 * roles in turn.
 */
export function historyOf(messages: readonly Message[]): readonly ChatMessage[] {
  return messages.flatMap((message, index): readonly ChatMessage[] => {
    const next = messages[index + 1];
    const unanswered = message.role === 'user' && next?.role === 'assistant' && next.text === '' && !isRunning(next);
    if (unanswered || message.text === '') return [];
    return [{ role: message.role, content: message.text }];
  });
}
