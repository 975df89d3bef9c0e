import { defined, unreachable } from '../base/assert';
import { errorFromData, ForgelightError } from '../base/errors';
import type { createEngine, Engine, EngineEvent, EngineInfo, EngineOptions, LoadProgress } from '../client/index';
import { chatEngine, requireChat } from './chat-engine';
import { hold, holdOwn, isOwn, release, replace, successorOf } from './engine-holders';
import type { Failure } from './failure';
import { failureOf } from './failure';

export type EngineStatus =
  | { readonly kind: 'none' }
  | { readonly kind: 'loading'; readonly progress: LoadProgress | null }
  /** `recovering`: without a GPU for now; the engine loads its model onto another one, `progress` is how far. */
  | {
      readonly kind: 'ready';
      readonly info: EngineInfo;
      readonly recovering: boolean;
      readonly progress: LoadProgress | null;
    }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What a keeper tells, beside its status. */
export type EngineNews =
  | { readonly type: 'changed' }
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  | { readonly type: 'ready'; readonly info: EngineInfo }
  | { readonly type: 'recovered' }
  | { readonly type: 'failed'; readonly error: unknown };

export interface EngineKeeperPorts {
  readonly createEngine: typeof createEngine;
  readonly tell: (news: EngineNews) => void;
  /** Where mistakes of ours are reported for developers. */
  readonly reportError: (error: unknown) => void;
}

interface Loading {
  readonly abort: AbortController;
  promise: Promise<void>;
}

/** Another copy of the package may have made it. */
function isEngine(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'on' in value && typeof value.on === 'function';
}

/** The one engine of an element: made by a load, or given by the page; and what becomes of it. */
export class EngineKeeper {
  readonly #ports: EngineKeeperPorts;
  #status: EngineStatus = { kind: 'none' };
  #engine: Engine | null = null;
  /** The engine that has failed, until another one is wanted. */
  #ended: Engine | null = null;
  #unsubscribe: () => void = () => undefined;
  /** The load in force; one that was given up finds another value here and keeps quiet. */
  #loading: Loading | null = null;

  constructor(ports: EngineKeeperPorts) {
    this.#ports = ports;
  }

  get status(): EngineStatus {
    return this.#status;
  }

  get engine(): Engine | null {
    return this.#engine;
  }

  /**
   * Resolves when a model can answer: at once where one can, with the load that runs where one does. Rejects as `createEngine` does, and
   * with an `AbortError` when the load was given up.
   */
  load(options: EngineOptions): Promise<void> {
    if (this.#engine !== null) return Promise.resolve();
    if (this.#loading !== null) return this.#loading.promise;
    return this.#begin((loading) => this.#run(options, loading));
  }

  /**
   * The browser had kept the page, had it give its engines up (`closed`), and shows it again: what was loaded then, or loading, is loaded
   * anew, once for all elements that had it. An engine of the page's own code is the page's to make again. Resolves and rejects as `load`.
   */
  comeBack(options: EngineOptions): Promise<void> {
    const status = this.#status;
    const isEnded = status.kind === 'ready' || (status.kind === 'failed' && status.failure.code === 'closed');
    const ended = this.#engine ?? this.#ended;
    if (!isEnded || (ended !== null && !isOwn(ended))) return Promise.resolve();
    const successor = ended === null ? null : successorOf(ended);
    if (successor === null && options.model === '') return Promise.resolve();
    this.#letGo();
    if (successor !== null) return this.#begin((loading) => this.#inherit(successor, options, loading));
    const loaded = this.load(options);
    if (ended !== null) {
      const engine = loaded.then(
        () => this.#engine,
        () => null,
      );
      replace(ended, engine);
    }
    return loaded;
  }

  /** Takes an engine that somebody else made, in place of the present one; `null` lets that go. Throws `invalid-request` for what is none, or cannot chat. */
  adopt(engine: Engine | null): void {
    if (engine === this.#engine) return;
    if (engine !== null && !isEngine(engine)) {
      const advice = 'engine must be what createEngine() gave, the engine of another element, or null.';
      throw new ForgelightError('invalid-request', advice, { param: 'engine' });
    }
    if (engine !== null) requireChat(engine.info.model, 'engine');
    this.unload();
    if (engine === null) return;
    hold(engine);
    this.#take(engine);
  }

  /** Lets the engine go, which closes it where nobody else holds it, and gives a running load up. */
  unload(): void {
    this.#loading?.abort.abort();
    this.#loading = null;
    this.#ended = null;
    this.#letGo();
    if (this.#status.kind !== 'none') this.#enter({ kind: 'none' });
  }

  /** A call has learnt that the engine answers nothing any more. */
  fail(engine: Engine, error: unknown): void {
    if (engine === this.#engine) this.#fail(error);
  }

  #begin(run: (loading: Loading) => Promise<void>): Promise<void> {
    const loading: Loading = { abort: new AbortController(), promise: Promise.resolve() };
    this.#loading = loading;
    this.#ended = null;
    loading.promise = run(loading);
    return loading.promise;
  }

  /** Takes what another element loads; where it gets none, loads by itself. */
  async #inherit(successor: Promise<Engine | null>, options: EngineOptions, loading: Loading): Promise<void> {
    this.#enter({ kind: 'loading', progress: null });
    const engine = await successor;
    if (this.#loading !== loading) throw new DOMException('The load was given up.', 'AbortError');
    if (engine === null && options.model !== '') return await this.#run(options, loading);
    if (engine === null) return this.unload();
    this.#loading = null;
    hold(engine);
    this.#take(engine);
  }

  async #run(options: EngineOptions, loading: Loading): Promise<void> {
    let loaded: Engine | null = null;
    const onProgress = (progress: LoadProgress): void => {
      // After the loss of its device an engine loads its model again, and reports as before.
      if (this.#loading === loading || (loaded !== null && loaded === this.#engine)) this.#progressed(progress);
    };
    this.#enter({ kind: 'loading', progress: null });
    try {
      loaded = await chatEngine(this.#ports.createEngine, { ...options, signal: loading.abort.signal, onProgress });
    } catch (error) {
      if (this.#loading === loading) this.#fail(error);
      throw error;
    }
    if (this.#loading !== loading) {
      await loaded.close();
      throw new DOMException('The load was given up.', 'AbortError');
    }
    this.#loading = null;
    holdOwn(loaded);
    this.#take(loaded);
  }

  #take(engine: Engine): void {
    this.#engine = engine;
    this.#unsubscribe = engine.on('state', (event) => this.#follow(engine, event));
    this.#enter({ kind: 'ready', info: engine.info, recovering: false, progress: null });
    this.#ports.tell({ type: 'ready', info: engine.info });
  }

  #follow(engine: Engine, event: Extract<EngineEvent, { type: 'state' }>): void {
    if (engine !== this.#engine) return;
    switch (event.state) {
      case 'lost':
      case 'blocked':
        return this.#enter({ kind: 'ready', info: engine.info, recovering: true, progress: null });
      case 'ready':
        this.#enter({ kind: 'ready', info: engine.info, recovering: false, progress: null });
        return this.#ports.tell({ type: 'recovered' });
      case 'gone':
        return this.#fail(errorFromData(defined(event.error, 'why the engine is gone')));
      case 'closed':
        return this.unload();
      case 'loading':
        return;
      default:
        return unreachable(event.state);
    }
  }

  #progressed(progress: LoadProgress): void {
    const status = this.#status;
    if (status.kind === 'loading' || (status.kind === 'ready' && status.recovering)) {
      this.#enter({ ...status, progress });
      this.#ports.tell({ type: 'progress', progress });
    }
  }

  #fail(error: unknown): void {
    this.#loading = null;
    this.#ended = this.#engine;
    this.#letGo();
    this.#enter({ kind: 'failed', failure: failureOf(error) });
    this.#ports.tell({ type: 'failed', error });
  }

  #letGo(): void {
    const engine = this.#engine;
    this.#engine = null;
    this.#unsubscribe();
    this.#unsubscribe = () => undefined;
    // One that fails to close (its device may be lost) must not keep the next from loading.
    if (engine !== null) void release(engine).catch(this.#ports.reportError);
  }

  #enter(status: EngineStatus): void {
    this.#status = status;
    this.#ports.tell({ type: 'changed' });
  }
}
