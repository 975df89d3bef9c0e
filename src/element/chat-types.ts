import type { ChatMessage, FinishReason, Timings } from '../client/index';
import type { Failure } from './failure';

export type AnswerStatus =
  /** Sent; the model reads the prompt. */
  | { readonly kind: 'reading' }
  | { readonly kind: 'writing'; readonly pace?: Pace }
  | { readonly kind: 'finished'; readonly reason: FinishReason; readonly timings: Timings | null }
  | { readonly kind: 'stopped' }
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

/** What the parts need to know of the engine. `recovering`: without a GPU, and no answer waits for one. */
export type ChatPhase = 'idle' | 'loading' | 'ready' | 'generating' | 'recovering' | 'error';

/** The answer with the text that came `sinceAskedMs` after sending. */
export function withPiece(answer: Answer, text: string, sinceAskedMs: number): Answer {
  const firstTokenMs = answer.firstTokenMs ?? sinceAskedMs;
  const before = answer.status.kind === 'writing' ? (answer.status.pace?.pieces ?? 0) : 0;
  const pace = { pieces: before + 1, spanMs: sinceAskedMs - firstTokenMs };
  return { ...answer, text: answer.text + text, status: { kind: 'writing', pace }, firstTokenMs };
}

/** Whether the message is an answer that has not ended. */
export function isRunning(message: Message): message is Answer {
  return message.role === 'assistant' && (message.status.kind === 'reading' || message.status.kind === 'writing');
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
