import { defined, unreachable } from '../base/assert';
import type { Clock } from '../base/clock';
import type { BridgePairing, createEngine, Engine, EngineEvent } from '../client/index';
import { isRunning, type AnswerStatus, type Writer } from '../element/chat-types';
import { chatEngine } from '../element/chat-engine';
import { endingText } from '../element/ending-text';
import { endsEngine, failureOf, type Failure } from '../element/failure';
import { Answers, isAbort } from './answers';
import type { ChatSettings } from './chat-settings';
import { nodeOf, versionsOf } from './conversation';
import type { ConversationPorts } from './conversation-ports';
import { ConversationStore, type Asked, type ConversationNews } from './conversation-store';
import { summaryOf } from './conversations';
import { loadTimes } from './load-times';
import { TEXT } from './messages';
import type { ModelChoice } from './model-choice';
import type { PageEvent, PageState } from './page-state';
import { initialState, pagePhase, reduce } from './page-state';

/** What the store needs of the world. */
export interface StorePorts {
  readonly createEngine: typeof createEngine;
  /** Rejects where the model cannot be loaded, as far as its header tells. */
  readonly readHeader: (choice: ModelChoice, signal: AbortSignal) => Promise<void>;
  /** The one that the engine's times are on. */
  readonly clock: Clock;
  readonly conversations: ConversationPorts;
  /** With the program on this computer; `null`: none, and nothing is looked for. */
  readonly pairing: () => BridgePairing | null;
  /** Where mistakes of ours are reported for developers. */
  reportError(error: unknown): void;
}

/** Owns the page's state and its one engine, which all conversations ask. Components read `state`, and ask for changes by calling its methods. */
export class ChatStore {
  readonly #ports: StorePorts;
  readonly #listeners = new Set<() => void>();
  #state: PageState;
  #engine: Engine | null = null;
  /** The load in force; a superseded or stopped one finds another value here and keeps quiet. */
  #loading: AbortController | null = null;
  /** The look at a header in force; one that was superseded keeps quiet. */
  #looking: AbortController | null = null;
  /** Settles when no engine of before holds the GPU any more. */
  #closing: Promise<void> = Promise.resolve();
  readonly #conversations: ConversationStore;
  readonly #answers: Answers;

  constructor(ports: StorePorts, choice: ModelChoice) {
    this.#ports = ports;
    this.#state = initialState(choice);
    this.#conversations = new ConversationStore(ports.conversations, ports, (news) => this.#heardOf(news));
    this.#answers = new Answers({
      clock: ports.clock,
      grow: (...piece) => this.#grow(...piece),
      end: (id, status) => this.#end(id, status),
      failed: (engine, failure) => this.#answerFailed(engine, failure),
      reportError: (error) => ports.reportError(error),
    });
    void this.#conversations.readKept();
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

  /** Loads what a person has chosen. A model that answers is let go for one whose header has been read, and tells nothing against it. */
  async choose(choice: ModelChoice): Promise<void> {
    this.#looking?.abort();
    const looking = new AbortController();
    this.#looking = looking;
    const isNew = choice.verdict === undefined && choice.device === undefined;
    if (isNew && this.#state.model.kind === 'ready') {
      this.announce(TEXT.catalogue.checking(choice.name), true);
      try {
        await this.#ports.readHeader(choice, looking.signal);
      } catch (error) {
        if (this.#looking === looking && this.#refuse(choice, error)) return;
      }
    }
    if (this.#looking === looking) await this.load(choice);
  }

  /** What was said of a model that cannot be loaded has been read. */
  forgetRefused(): void {
    this.#apply({ type: 'refused', refused: null });
  }

  /** Loads a model in place of the present one, which is closed first: two seldom fit. Resolves when it is ready, failed or stopped. */
  async load(choice: ModelChoice): Promise<void> {
    this.#looking?.abort();
    this.#looking = null;
    this.#loading?.abort();
    this.#answers.stopAll();
    const loading = new AbortController();
    this.#loading = loading;
    const clickedAtMs = this.#ports.clock.now();
    this.#apply({ type: 'load-started', choice });
    let loaded: Engine | null = null;
    try {
      await this.#closeEngine();
      if (this.#loading !== loading) return;
      const pairing = this.#ports.pairing();
      const engine = await chatEngine(this.#ports.createEngine, {
        ...(pairing !== null && { bridgeUrl: pairing.url, bridgeToken: pairing.token }),
        model: choice.reference,
        ...(choice.device === undefined ? {} : { device: choice.device }),
        ...(choice.sha256 === undefined ? {} : { sha256: choice.sha256 }),
        ...(choice.hubToken === undefined ? {} : { hubToken: choice.hubToken }),
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
      engine.on('unloaded', () => {
        if (this.#engine === engine) this.announce(TEXT.status.bridgeUnloaded, true);
      });
      this.#apply({ type: 'load-finished', info: engine.info });
      void this.#tellTimes(engine, this.#ports.clock.now() - clickedAtMs);
    } catch (error) {
      this.#loadFailed(loading, error);
    }
  }

  /** The browser had kept the page, without its engine, and shows it again: what was loaded then, or loading, is loaded anew. */
  async comeBack(): Promise<void> {
    this.lookAgain();
    const { model } = this.#state;
    if (model.kind === 'ready' || (model.kind === 'failed' && model.failure.code === 'closed')) {
      await this.load(model.choice);
    }
  }

  /** The page was paired, or has forgotten that: what is loaded goes where it now belongs. Into this page answers that run go along. */
  async moveBridge(): Promise<void> {
    const engine = this.#engine;
    const isMoved =
      engine !== null &&
      this.#ports.pairing() === null &&
      (await engine.use('webgpu').then(
        () => true,
        () => false, // it has no engine here, or cannot: a load of its own says why
      ));
    if (!isMoved && this.#engine === engine) await this.reload();
  }

  /** What is loaded is loaded anew, where it now belongs. */
  async reload(): Promise<void> {
    const { model } = this.#state;
    // A bridge is asked for models by their hash alone, which is known by now.
    if (model.kind !== 'ready') return;
    const { sha256 } = model.info.model;
    await this.load(sha256 === '' ? model.choice : { ...model.choice, sha256 });
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

  /** Sends `text` with the shown conversation so far. Resolves when the answer ended. Does nothing unless the page is `ready`. */
  async send(text: string): Promise<void> {
    const trimmed = text.trim();
    if (trimmed !== '') await this.#run(() => this.#conversations.ask(trimmed));
  }

  /** Asks `text` beside the question `id` of the shown conversation: what followed that stays in its own branch. */
  async edit(id: number, text: string): Promise<void> {
    const trimmed = text.trim();
    if (trimmed !== '') await this.#run(() => this.#conversations.ask(trimmed, id));
  }

  /** Another answer beside the answer `id` of the shown conversation, also where that failed. */
  async regenerate(id: number): Promise<void> {
    await this.#run(() => this.#conversations.askAgain(id));
  }

  /** Ends the shown answer; those in other conversations go on. */
  stop(): void {
    for (const message of this.#state.messages) if (isRunning(message)) this.#answers.stop(message.id);
  }

  /** Shows the branch of the message `id`, which stands beside one that is shown. */
  chooseVersion(id: number): void {
    this.#conversations.choose(id);
    const { shown } = this.#state.chats;
    const node = shown === null ? null : nodeOf(shown, id);
    if (shown === null || node === null) return;
    const { position, count } = versionsOf(shown, node);
    this.announce(TEXT.chat.version(position, count));
  }

  newChat(): void {
    this.#conversations.show(null);
    this.announce(TEXT.status.cleared);
  }

  showChat(id: number): void {
    this.#conversations.show(id);
    this.announce(TEXT.chats.shown(this.#titleOf(id)));
  }

  /** An empty title: it is called by its first question again. */
  renameChat(id: number, title: string): void {
    this.#conversations.rename(id, title);
    this.announce(TEXT.chats.renamed(this.#titleOf(id)));
  }

  deleteChat(id: number): void {
    const title = this.#titleOf(id);
    this.#conversations.delete(id);
    this.#answers.abandon(id);
    this.announce(TEXT.chats.deleted(title));
  }

  /** JSON that `importChats` reads; `null`: of all. */
  exportChats(id: number | null): string {
    return this.#conversations.export(id);
  }

  /** Takes up what is in an exported file. Answers what is wrong with it, in a sentence; then nothing of it is taken. */
  importChats(fileName: string, text: string): string | null {
    try {
      const { imported, known } = this.#conversations.import(text);
      this.announce(TEXT.chats.imported(imported, known), true);
      return null;
    } catch (error) {
      const problem = TEXT.chats.importFailed(fileName, this.#failure(error).detail);
      this.announce(problem, true);
      return problem;
    }
  }

  /** How the shown conversation is answered from now on, and new ones. */
  changeSettings(settings: ChatSettings): void {
    this.#conversations.changeSettings(settings);
  }

  /** The page is looked at again, and may have missed what other tabs did. */
  lookAgain(): void {
    void this.#conversations.lookAgain();
  }

  /** The page may be put away or ended: what waits to be kept is written at once. */
  saveNow(): void {
    this.#conversations.flush();
  }

  /** Says `text` in the page's one status node; `inSight`: and above the composer, where nothing else shows it. */
  announce(text: string, inSight = false): void {
    this.#apply({ type: 'announced', text, inSight });
  }

  /** What becomes of the engine's GPU, for as long as the engine is the page's. */
  #follow(engine: Engine, event: Extract<EngineEvent, { type: 'state' }>): void {
    if (this.#engine !== engine) return;
    switch (event.state) {
      case 'lost':
        return this.#apply({ type: 'gpu-lost', isEnd: event.error !== null });
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

  async #run(ask: () => Asked | null): Promise<void> {
    if (pagePhase(this.#state) !== 'ready') return;
    const engine = defined(this.#engine, 'the engine of a ready page');
    const asked = ask();
    if (asked === null) return;
    this.announce(TEXT.status.answering);
    await this.#answers.run(engine, asked);
  }

  #grow(id: number, text: string, sinceAskedMs: number, writer?: Writer): boolean {
    const isTaken = this.#conversations.grow(id, text, sinceAskedMs, writer);
    if (isTaken) this.#apply({ type: 'answer-began', sinceAskedMs });
    return isTaken;
  }

  #end(id: number, status: AnswerStatus): boolean {
    const conversation = this.#conversations.conversationOf(id);
    if (!this.#conversations.end(id, status) || conversation === null) return false;
    const isShown = this.#state.chats.shown?.id === conversation.id;
    const text = endingText(status);
    this.announce(isShown ? text : TEXT.chats.answered(summaryOf(conversation).title, text));
    return true;
  }

  #answerFailed(engine: Engine, failure: Failure): void {
    // Others of its answers may have said so already, or the engine itself, with a better reason.
    if (!endsEngine(failure) || this.#engine !== engine || this.#state.model.kind !== 'ready') return;
    this.#apply({ type: 'engine-failed', failure });
  }

  #heardOf(news: ConversationNews): void {
    switch (news.type) {
      case 'changed':
        return this.#apply({ type: 'chats-changed', chats: this.#conversations.state });
      case 'deleted-elsewhere':
        this.#answers.abandon(news.conversation.id);
        return this.announce(TEXT.chats.deletedElsewhere(summaryOf(news.conversation).title), true);
      case 'keeping':
        if (news.keeping.kind === 'blocked') this.announce(TEXT.chats.blocked);
        if (news.keeping.kind === 'failing') this.announce(TEXT.chats.notKept(news.keeping.reason));
        return;
      default:
        return unreachable(news);
    }
  }

  #titleOf(id: number): string {
    const conversation = this.#state.chats.all.find((one) => one.id === id);
    return conversation === undefined ? TEXT.chats.untitled : summaryOf(conversation).title;
  }

  /** Answers `false` where nothing is there any more that could stay: then a load tells of it. */
  #refuse({ name }: ModelChoice, error: unknown): boolean {
    if (this.#state.model.kind !== 'ready') return false;
    this.#apply({ type: 'refused', refused: { name, failure: this.#failure(error) } });
    return true;
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

  /** Waits for an engine that another load began to close, too. */
  #closeEngine(): Promise<void> {
    const engine = this.#engine;
    this.#engine = null;
    // One that fails to close (its device may be lost) must not keep the next from loading.
    const closing = this.#closing.then(() => engine?.close());
    this.#closing = closing.catch((error: unknown) => this.#ports.reportError(error));
    return this.#closing;
  }

  #apply(event: PageEvent): void {
    this.#state = reduce(this.#state, event);
    for (const listener of this.#listeners) listener();
  }
}
