import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import type { ChatBody, ChatCompletionChunk, Engine } from '../client/index';
import { historyOf, type AnswerStatus, type Writer } from '../element/chat-types';
import { failureOf, type Failure } from '../element/failure';
import type { Asked } from './conversation-store';
import { TEXT } from './messages';

export interface AnswersPorts {
  readonly clock: Clock;
  /** Both answer whether it was taken: an answer that has ended, or is gone, takes nothing. */
  grow(answerId: number, text: string, sinceAskedMs: number, writer?: Writer): boolean;
  end(answerId: number, status: AnswerStatus): boolean;
  /** An answer of this engine's failed. */
  failed(engine: Engine, failure: Failure): void;
  reportError(error: unknown): void;
}

interface Running {
  readonly conversationId: number;
  readonly abort: AbortController;
}

/** The answers that are being written, in any number of conversations: the engine puts them into one batch. */
export class Answers {
  readonly #running = new Map<number, Running>();

  constructor(private readonly ports: AnswersPorts) {}

  /** Streams one answer. Resolves when it ended, whatever the end. */
  async run(engine: Engine, asked: Asked): Promise<void> {
    const { answerId, conversationId } = asked;
    const abort = new AbortController();
    this.#running.set(answerId, { conversationId, abort });
    try {
      this.#end(answerId, await this.#stream(engine, asked, abort.signal));
    } catch (error) {
      this.#failed(engine, answerId, abort.signal, error);
    }
  }

  /** Ends the answer at once, whatever the engine is busy with; what it has written stays. */
  stop(answerId: number): void {
    const running = this.#running.get(answerId);
    if (running === undefined) return;
    this.#end(answerId, { kind: 'stopped' });
    running.abort.abort();
  }

  stopAll(): void {
    for (const id of this.#running.keys()) this.stop(id);
  }

  /** The conversation is gone, and what is written in it with it. */
  abandon(conversationId: number): void {
    for (const [id, running] of this.#running) if (running.conversationId === conversationId) this.stop(id);
  }

  async #stream(engine: Engine, { answerId, ...asked }: Asked, signal: AbortSignal): Promise<AnswerStatus> {
    const { clock } = this.ports;
    const askedAtMs = clock.now();
    const stream = await engine.chat.completions.create(bodyOf(asked), { signal });
    let status: AnswerStatus | null = null;
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content ?? '';
      if (text !== '') this.ports.grow(answerId, text, clock.now() - askedAtMs, chunk.device);
      status = finishOf(chunk) ?? status;
    }
    if (status === null) throw new ForgelightError('request-gone', TEXT.error.streamEnded);
    return status;
  }

  /** The first ending counts: what a stopped answer's stream still does is not news. */
  #end(answerId: number, status: AnswerStatus): void {
    if (this.#running.delete(answerId)) this.ports.end(answerId, status);
  }

  #failed(engine: Engine, answerId: number, signal: AbortSignal, error: unknown): void {
    if (signal.aborted && isAbort(error)) return;
    const failure = failureOf(error);
    if (failure.code === 'unexpected') this.ports.reportError(error);
    this.#end(answerId, { kind: 'failed', failure });
    this.ports.failed(engine, failure);
  }
}

function bodyOf({ settings, messages }: Pick<Asked, 'settings' | 'messages'>): ChatBody & { readonly stream: true } {
  const { system, sampling } = settings;
  const prompt = system.trim() === '' ? [] : [{ role: 'system', content: system } as const];
  return { ...sampling, messages: [...prompt, ...historyOf(messages)], stream: true };
}

function finishOf(chunk: ChatCompletionChunk): AnswerStatus | null {
  const reason = chunk.choices[0]?.finish_reason ?? null;
  return reason === null ? null : { kind: 'finished', reason, timings: chunk.timings ?? null };
}

/** The expected echo of an abort of ours. */
export function isAbort(error: unknown): boolean {
  return (
    (error instanceof DOMException && error.name === 'AbortError') ||
    (error instanceof ForgelightError && error.code === 'aborted')
  );
}
