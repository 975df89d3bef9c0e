import { defined, unreachable } from '../base/assert';
import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import type { ChatCompletionChunk, createEngine, Engine, EngineEvent } from '../client/index';
import { historyOf, type AnswerStatus } from '../element/chat-types';
import { endsEngine, failureOf } from '../element/failure';
import { loadTimes } from './load-times';
import { TEXT } from './messages';
import type { ModelChoice } from './model-choice';
import type { PageEvent, PageState } from './page-state';
import { initialState, pagePhase, reduce } from './page-state';

/** What the store needs of the world. */
export interface StorePorts {
  readonly createEngine: typeof createEngine;
  /** The one that the engine's times are on. */
  readonly clock: Clock;
  /** Where mistakes of ours are reported for developers. */
  reportError(error: unknown): void;
}

type EngineStateEvent = Extract<EngineEvent, { type: 'state' }>;

/** The answer that is being written. */
interface Answering {
  readonly id: number;
  readonly abort: AbortController;
}

/** Owns the page's state and its one engine. Components read `state`, and ask for changes by calling its methods. */
export class ChatStore {
  readonly #ports: StorePorts;
  readonly #listeners = new Set<() => void>();
  #state: PageState;
  #engine: Engine | null = null;
  /** The load in force; a superseded or stopped one finds another value here and keeps quiet. */
  #loading: AbortController | null = null;
  #answering: Answering | null = null;
  #lastId = 0;

  constructor(ports: StorePorts, choice: ModelChoice) {
    this.#ports = ports;
    this.#state = initialState(choice);
  }

  get state(): PageState {
    return this.#state;
  }

  get clock(): Clock {
    return this.#ports.clock;
  }

  /** Calls `listener` after every change; the returned function ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Loads a model in place of the present one, which is closed first: two seldom fit. Resolves when it is ready, failed or stopped. */
  async load(choice: ModelChoice): Promise<void> {
    this.#loading?.abort();
    this.stop();
    const loading = new AbortController();
    this.#loading = loading;
    const clickedAtMs = this.#ports.clock.now();
    this.#apply({ type: 'load-started', choice });
    let loaded: Engine | null = null;
    try {
      await this.#closeEngine();
      const engine = await this.#ports.createEngine({
        model: choice.reference,
        ...(choice.sha256 === undefined ? {} : { sha256: choice.sha256 }),
        signal: loading.signal,
        onProgress: (progress) => {
          // After the loss of its device an engine loads its model again, and reports as before.
          if (this.#loading === loading || (loaded !== null && this.#engine === loaded)) {
            this.#apply({ type: 'load-progressed', progress });
          }
        },
      });
      if (this.#loading !== loading) return await engine.close();
      loaded = engine;
      this.#engine = engine;
      this.#loading = null;
      engine.on('state', (event) => this.#follow(engine, event));
      this.#apply({ type: 'load-finished', info: engine.info });
      void this.#tellTimes(engine, this.#ports.clock.now() - clickedAtMs);
    } catch (error) {
      this.#loadFailed(loading, error);
    }
  }

  /** The browser had kept the page, without its engine, and shows it again: what was loaded then, or loading, is loaded anew. */
  async comeBack(): Promise<void> {
    const { model } = this.#state;
    if (model.kind === 'ready' || (model.kind === 'failed' && model.failure.code === 'closed')) {
      await this.load(model.choice);
    }
  }

  stopLoading(): void {
    if (this.#loading === null) return;
    this.#loading.abort();
    this.#loading = null;
    this.#apply({ type: 'load-stopped' });
  }

  /** What was kept of a paused download is gone. */
  forgetPause(): void {
    this.#apply({ type: 'pause-forgotten' });
  }

  /** Sends `text` with the conversation so far. Resolves when the answer ended. Does nothing unless the page is `ready`. */
  async send(text: string): Promise<void> {
    const trimmed = text.trim();
    if (trimmed === '' || pagePhase(this.#state) !== 'ready') return;
    const engine = defined(this.#engine, 'the engine of a ready page');
    const answering = { id: this.#lastId + 2, abort: new AbortController() };
    this.#lastId = answering.id;
    this.#answering = answering;
    this.#apply({ type: 'asked', questionId: answering.id - 1, answerId: answering.id, text: trimmed });
    try {
      this.#end(answering, await this.#stream(engine, answering));
    } catch (error) {
      this.#answerFailed(engine, answering, error);
    }
  }

  /** Ends the running answer at once, whatever the engine is busy with; what it has written stays. */
  stop(): void {
    const answering = this.#answering;
    if (answering === null) return;
    this.#end(answering, { kind: 'stopped' });
    answering.abort.abort();
  }

  /** Asks the question of a failed answer again. */
  async retry(answerId: number): Promise<void> {
    const { messages } = this.#state;
    const question = messages[messages.findIndex(({ id }) => id === answerId) - 1];
    if (question === undefined || pagePhase(this.#state) !== 'ready') return;
    this.#apply({ type: 'answer-withdrawn', id: answerId });
    await this.send(question.text);
  }

  newChat(): void {
    this.stop();
    this.#apply({ type: 'chat-cleared' });
  }

  /** Says `text` in the page's one status node. */
  announce(text: string): void {
    this.#apply({ type: 'announced', text });
  }

  /** What becomes of the engine's GPU, for as long as the engine is the page's. */
  #follow(engine: Engine, event: EngineStateEvent): void {
    if (this.#engine !== engine) return;
    switch (event.state) {
      case 'lost':
        return this.#apply({ type: 'gpu-lost' });
      case 'blocked':
        return this.#apply({ type: 'gpu-blocked', retryAtMs: defined(event.retryAtMs, 'a time to try again') });
      case 'ready':
        return this.#apply({ type: 'gpu-restored', info: engine.info });
      case 'gone': {
        const { code, message } = defined(event.error, 'why the engine is gone');
        return this.#apply({ type: 'engine-failed', failure: { code, detail: message } });
      }
      case 'loading':
      case 'closed':
        return;
      default:
        return unreachable(event.state);
    }
  }

  /** Where the time of the load went, once the engine has told. What keeps it from telling is shown elsewhere, or is ours. */
  async #tellTimes(engine: Engine, elapsedMs: number): Promise<void> {
    try {
      const { loadMs } = await engine.stats();
      if (this.#engine === engine) this.#apply({ type: 'load-timed', times: loadTimes(elapsedMs, loadMs) });
    } catch (error) {
      if (this.#engine === engine && !endsEngine(failureOf(error))) this.#ports.reportError(error);
    }
  }

  /** Streams one answer into the state. */
  async #stream(engine: Engine, { id, abort }: Answering): Promise<AnswerStatus> {
    const askedAtMs = this.#ports.clock.now();
    const messages = historyOf(this.#state.messages);
    const stream = await engine.chat.completions.create({ messages, stream: true }, { signal: abort.signal });
    let status: AnswerStatus | null = null;
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content ?? '';
      if (text !== '')
        this.#apply({ type: 'answer-grew', id, text, sinceAskedMs: this.#ports.clock.now() - askedAtMs });
      status = finishOf(chunk) ?? status;
    }
    if (status === null) throw new ForgelightError('request-gone', TEXT.error.streamEnded);
    return status;
  }

  /** The first ending counts: what a stopped answer's stream still does is not news. */
  #end(answering: Answering, status: AnswerStatus): void {
    if (this.#answering !== answering) return;
    this.#answering = null;
    this.#apply({ type: 'answer-ended', id: answering.id, status });
  }

  #answerFailed(engine: Engine, answering: Answering, error: unknown): void {
    if (answering.abort.signal.aborted && isAbort(error)) return;
    const failure = this.#failure(error);
    this.#end(answering, { kind: 'failed', failure });
    if (endsEngine(failure) && this.#engine === engine) this.#apply({ type: 'engine-failed', failure });
  }

  #loadFailed(loading: AbortController, error: unknown): void {
    if (this.#loading !== loading) {
      // Stopped or superseded: its rejection is the expected echo of our own abort.
      if (!isAbort(error)) this.#ports.reportError(error);
      return;
    }
    this.#loading = null;
    this.#apply({ type: 'engine-failed', failure: this.#failure(error) });
  }

  #failure(error: unknown): ReturnType<typeof failureOf> {
    const failure = failureOf(error);
    if (failure.code === 'unexpected') this.#ports.reportError(error);
    return failure;
  }

  async #closeEngine(): Promise<void> {
    const engine = this.#engine;
    this.#engine = null;
    try {
      await engine?.close();
    } catch (error) {
      // One that fails to close (its device may be lost) must not keep the next from loading.
      this.#ports.reportError(error);
    }
  }

  #apply(event: PageEvent): void {
    this.#state = reduce(this.#state, event);
    for (const listener of this.#listeners) listener();
  }
}

function finishOf(chunk: ChatCompletionChunk): AnswerStatus | null {
  const reason = chunk.choices[0]?.finish_reason ?? null;
  return reason === null ? null : { kind: 'finished', reason, timings: chunk.timings ?? null };
}

function isAbort(error: unknown): boolean {
  return (
    (error instanceof DOMException && error.name === 'AbortError') ||
    (error instanceof ForgelightError && error.code === 'aborted')
  );
}
