import { unreachable } from '../base/assert';
import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import type { ChatMessage, CompletionUsage, createEngine, Engine, FinishReason, Timings } from '../client/index';
import type { ChatEvent, ChatState } from './chat-events';
import type { Answer, AnswerStatus, ChatPhase, Message, Writer } from './chat-types';
import { endOf, historyOf, isRunning, withPiece } from './chat-types';
import { endingText } from './ending-text';
import type { EngineNews } from './engine-keeper';
import { EngineKeeper } from './engine-keeper';
import type { ChatEntry } from './exported-chat';
import { inTurns } from './exported-chat';
import { endsEngine, failureOf } from './failure';
import { phaseText } from './format';
import { ERROR_TEXT, TEXT } from './messages';

/** What a session needs of the world. */
export interface SessionPorts {
  readonly createEngine: typeof createEngine;
  readonly clock: Clock;
  readonly tell: (event: ChatEvent) => void;
  /** Something that is shown has changed. */
  readonly changed: () => void;
  /** Where mistakes of ours are reported for developers. */
  readonly reportError: (error: unknown) => void;
}

/** How the next answer is to be. */
export interface AnswerOptions {
  /** Empty: none. */
  readonly system: string;
  /** `null`: the engine's default. */
  readonly temperature: number | null;
}

interface Answering {
  readonly id: number;
  readonly abort: AbortController;
}

/** A conversation with an engine, without anything that is seen: owns the messages, and whatever runs. */
export class ChatSession {
  readonly keeper: EngineKeeper;
  readonly #ports: SessionPorts;
  #messages: readonly Message[] = [];
  #usage: CompletionUsage | null = null;
  #announcement = '';
  #answering: Answering | null = null;
  #lastId = 0;
  #shown: ChatState = 'idle';

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    const { createEngine, reportError } = ports;
    this.keeper = new EngineKeeper({ createEngine, reportError, tell: (news) => this.#hear(news) });
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Of the last answer that ended by itself. */
  get usage(): CompletionUsage | null {
    return this.#usage;
  }

  /** What the status node says to screen readers. */
  get announcement(): string {
    return this.#announcement;
  }

  /** The messages as pages read them: a running answer as far as it is, without what failed before its first word. */
  get entries(): readonly ChatEntry[] {
    return this.#messages.flatMap(({ role, text }) => (text === '' ? [] : [{ role, content: text }]));
  }

  get state(): ChatState {
    const { status } = this.keeper;
    switch (status.kind) {
      case 'none':
        return 'idle';
      case 'failed':
        return 'error';
      case 'ready':
        if (this.#answering !== null) return 'generating';
        if (!status.recovering) return 'ready';
        return status.progress?.phase === 'download' ? 'downloading' : 'loading';
      case 'loading':
        return status.progress?.phase === 'download' ? 'downloading' : 'loading';
      default:
        return unreachable(status);
    }
  }

  get phase(): ChatPhase {
    const { state } = this;
    if (state !== 'downloading' && state !== 'loading') return state;
    return this.keeper.status.kind === 'ready' ? 'recovering' : 'loading';
  }

  /** Replaces the conversation. */
  set(entries: readonly ChatEntry[]): void {
    this.stop();
    this.#usage = null;
    this.#messages = inTurns(entries).map(({ role, content: text }): Message => {
      const id = this.#nextId();
      if (role === 'user') return { role, id, text };
      return { role, id, text, status: endOf(text), firstTokenMs: null };
    });
    this.#change();
  }

  clear(): void {
    this.set([]);
    this.announce(TEXT.status.cleared);
  }

  /**
   * Asks `text` after the conversation so far. Resolves with the answer when it ended, also when it was stopped. Rejects with
   * `invalid-request` for an empty text, `busy` while another answer runs, `closed` without a model, and as the engine does.
   */
  async send(text: string, options: AnswerOptions): Promise<string> {
    const asked = questionIn(text);
    if (this.#answering !== null) {
      throw new ForgelightError('busy', 'An answer is being written: wait for its end, or call stop() first.');
    }
    const { engine } = this.keeper;
    if (engine === null) throw new ForgelightError('closed', 'There is no model: call load() first.');
    const question: Message = { role: 'user', id: this.#nextId(), text: asked };
    const answering = { id: this.#nextId(), abort: new AbortController() };
    const answer: Answer = {
      role: 'assistant',
      id: answering.id,
      text: '',
      status: { kind: 'reading' },
      firstTokenMs: null,
    };
    this.#answering = answering;
    this.#messages = [...this.#messages, question, answer];
    this.#announcement = TEXT.status.answering;
    this.#ports.tell({ name: 'forgelight-message', detail: { message: { role: 'user', content: asked } } });
    this.#change();
    // A listener of these may have ended it already.
    if (this.#answering === answering) await this.#answer(engine, answering, options);
    return this.#textOf(answering.id);
  }

  /** Ends the running answer at once, whatever the engine is busy with; what it has written stays. */
  stop(): void {
    const answering = this.#answering;
    if (answering === null) return;
    this.#end(answering, { kind: 'stopped' }, null);
    answering.abort.abort();
  }

  /** Asks the question of the last answer again. Rejects as `send`, and with `invalid-request` where nothing was asked. */
  async regenerate(options: AnswerOptions): Promise<string> {
    const question = this.lastQuestion;
    if (this.#answering === null && this.keeper.engine !== null) {
      this.#messages = this.#messages.slice(0, this.#messages.indexOf(question));
    }
    return await this.send(question.text, options);
  }

  /** Asks the question of the failed answer `id` again, at the end. */
  async retry(id: number, options: AnswerOptions): Promise<string> {
    const question = this.#messages[this.#messages.findIndex((message) => message.id === id) - 1];
    if (question === undefined || this.#answering !== null || this.keeper.engine === null) return '';
    this.#messages = this.#messages.filter((message) => message !== question && message.id !== id);
    return await this.send(question.text, options);
  }

  /** What `regenerate` asks. Throws `invalid-request` where nothing was asked. */
  get lastQuestion(): Message {
    const question = this.#messages.findLast(({ role }) => role === 'user');
    if (question === undefined) throw new ForgelightError('invalid-request', 'There is no question to ask again.');
    return question;
  }

  /** Says `text` in the status node. */
  announce(text: string): void {
    this.#announcement = text;
    this.#change();
  }

  async #answer(engine: Engine, answering: Answering, options: AnswerOptions): Promise<void> {
    try {
      await this.#stream(engine, answering, options);
    } catch (error) {
      // The first ending counts: what a stopped answer's stream still does is not news.
      if (this.#answering !== answering) return;
      const failure = failureOf(error);
      this.#end(answering, { kind: 'failed', failure }, null);
      if (endsEngine(failure)) this.keeper.fail(engine, error);
      else this.#ports.tell({ name: 'forgelight-error', detail: { error } });
      throw error;
    }
  }

  async #stream(engine: Engine, answering: Answering, { system, temperature }: AnswerOptions): Promise<void> {
    const askedAtMs = this.#ports.clock.now();
    const prompt: readonly ChatMessage[] = system === '' ? [] : [{ role: 'system', content: system }];
    const stream = await engine.chat.completions.create(
      {
        messages: [...prompt, ...historyOf(this.#messages)],
        stream: true,
        stream_options: { include_usage: true },
        ...(temperature === null ? {} : { temperature }),
      },
      { signal: answering.abort.signal },
    );
    let finish: { reason: FinishReason; timings: Timings | null } | null = null;
    let usage: CompletionUsage | null = null;
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      const text = choice?.delta.content ?? '';
      if (text !== '') this.#grow(answering, text, this.#ports.clock.now() - askedAtMs, chunk.device);
      const reason = choice?.finish_reason ?? null;
      if (reason !== null) finish = { reason, timings: chunk.timings ?? null };
      usage = chunk.usage ?? usage;
    }
    if (finish === null) throw new ForgelightError('request-gone', TEXT.error.streamEnded);
    this.#end(answering, { kind: 'finished', ...finish }, usage);
  }

  #grow(answering: Answering, text: string, sinceAskedMs: number, device?: Writer): void {
    if (this.#answering !== answering) return;
    this.#changeAnswer(answering.id, (answer) => withPiece(answer, text, sinceAskedMs, device));
    this.#ports.tell({ name: 'forgelight-delta', detail: { text } });
    this.#change();
  }

  #end(answering: Answering, status: AnswerStatus, usage: CompletionUsage | null): void {
    if (this.#answering !== answering) return;
    this.#changeAnswer(answering.id, (answer) => ({ ...answer, status }));
    this.#answering = null;
    this.#announcement = endingText(status);
    if (usage !== null) this.#usage = usage;
    const message: ChatEntry = { role: 'assistant', content: this.#textOf(answering.id) };
    if (message.content !== '') this.#ports.tell({ name: 'forgelight-message', detail: { message } });
    if (status.kind === 'finished' || status.kind === 'stopped') {
      const [reason, timings] =
        status.kind === 'finished' ? [status.reason, status.timings] : (['stopped', null] as const);
      this.#ports.tell({ name: 'forgelight-finish', detail: { reason, message, usage, timings } });
    }
    this.#change();
  }

  #hear(news: EngineNews): void {
    switch (news.type) {
      case 'changed':
        return this.#heardChange();
      case 'progress':
        return this.#ports.tell({ name: 'forgelight-progress', detail: news.progress });
      case 'ready':
        this.#ports.tell({ name: 'forgelight-ready', detail: { info: news.info } });
        return this.announce(TEXT.status.ready(news.info.model.name));
      case 'recovered':
        return this.announce(TEXT.status.recovered);
      case 'failed':
        this.#ports.tell({ name: 'forgelight-error', detail: { error: news.error } });
        return this.announce(ERROR_TEXT[failureOf(news.error).code].title);
      default:
        return unreachable(news);
    }
  }

  /** A running answer ends with the model that is let go; of one that failed its own stream says so. */
  #heardChange(): void {
    const { status } = this.keeper;
    if (status.kind === 'none') this.stop();
    if (status.kind === 'loading') this.#announcement = `${phaseText(status.progress)}.`;
    if (status.kind === 'ready' && status.recovering) this.#announcement = TEXT.recovering;
    if (status.kind === 'none') this.#announcement = TEXT.status.unloaded;
    this.#change();
  }

  #changeAnswer(id: number, change: (answer: Answer) => Answer): void {
    this.#messages = this.#messages.map((message) =>
      isRunning(message) && message.id === id ? change(message) : message,
    );
  }

  #textOf(id: number): string {
    return this.#messages.find((message) => message.id === id)?.text ?? '';
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #change(): void {
    const { state } = this;
    const previous = this.#shown;
    this.#shown = state;
    this.#ports.changed();
    if (state !== previous) this.#ports.tell({ name: 'forgelight-state', detail: { state, previous } });
  }
}

/** The question that a text is. Throws `invalid-request` where it is none. */
export function questionIn(text: unknown): string {
  if (typeof text !== 'string') throw new ForgelightError('invalid-request', 'text must be text.', { param: 'text' });
  const asked = text.trim();
  if (asked === '') throw new ForgelightError('invalid-request', 'text is empty: there is nothing to send.');
  return asked;
}
