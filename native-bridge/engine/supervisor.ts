import { unreachable } from '../../src/base/assert';
import type { Clock } from '../../src/base/clock';
import type { ErrorCode, ErrorData } from '../../src/base/errors';
import type { EngineEvent } from '../../src/protocol/engine-events';
import type { EngineInfo, HostRequest, LoadOptions, Result } from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';
import type { LoadProgress } from '../../src/protocol/progress';
import type { HostTimeouts } from '../../src/protocol/timeouts';
import { ChildLife, type LifeDeps, type SpawnChild } from './child-life';
import type { EngineCall, EngineStart } from './ipc';
import { endedEvent, LiveRequests } from './live-requests';
import { PendingCalls } from './pending-calls';
import { RESTART_LIMITS, RestartPolicy, type RestartLimits } from './restart-policy';

/** Ends of a request that are the process's, not its own. */
const LOSSES: readonly ErrorCode[] = ['device-lost', 'device-blocked', 'closed'];

/** A load warms its kernels up with so many steps, without a word between them. */
const SILENT_STEPS = 3;

/** What has been, for a daemon's metrics: of all engines that it had one after the other. */
export interface EngineCounters {
  loads: number;
  restarts: number;
  requests: number;
  tokens: number;
}

export interface SupervisorDeps {
  readonly spawn: SpawnChild;
  readonly clock: Clock;
  /** Gives numbers from 0 to below 1. */
  readonly random: () => number;
  readonly timeouts: HostTimeouts;
  readonly start: EngineStart;
  readonly restarts?: RestartLimits;
  readonly counters: EngineCounters;
  /** Hears what the supervisor does about a process, in a sentence. */
  readonly log: (text: string) => void;
}

type Phase =
  | { readonly kind: 'idle' }
  /** A process is being started, or loads the model. */
  | { readonly kind: 'loading'; readonly progress: LoadProgress | null }
  | { readonly kind: 'ready'; readonly info: EngineInfo }
  /** Until a process may be started again. */
  | { readonly kind: 'waiting'; readonly stopTimer: () => void }
  | { readonly kind: 'failed'; readonly error: ErrorData }
  | { readonly kind: 'closed'; readonly error: ErrorData };

interface Load {
  readonly options: LoadOptions;
  readonly onProgress: (progress: LoadProgress) => void;
  readonly answer: (result: Result<EngineInfo>) => void;
  /** The model as it was when it was there first. */
  info: EngineInfo | null;
}

/**
 * The one owner of all state about an engine process and whatever waits for it. It loads one model, once, and keeps it answering: a process that
 * dies is started again, live requests go on from their tokens, calls are asked again. Everything here is synchronous; what comes from outside
 * (a process, a timer, a call) is one transition, and a process that is not the current one is not heard.
 */
export class Supervisor {
  private phase: Phase = { kind: 'idle' };
  private load: Load | null = null;
  private life: ChildLife | null = null;
  private generation = 0;
  private readonly requests = new LiveRequests((requestId, request) =>
    this.life?.send({ type: 'submit', requestId, request }),
  );
  private readonly calls = new PendingCalls((call, ask) => this.life?.send({ type: 'call', call, ask }));
  private readonly policy: RestartPolicy;
  private readonly watchers = new Set<(event: EngineEvent) => void>();
  private readonly whenGone: (() => void)[] = [];
  private lastRequest = 0;
  private why = '';
  /** Of the load that is under way. */
  private stopWatch: () => void = () => undefined;

  constructor(private readonly deps: SupervisorDeps) {
    this.policy = new RestartPolicy(deps.restarts ?? RESTART_LIMITS, deps.random);
  }

  get state(): Phase['kind'] {
    return this.phase.kind;
  }

  /** Of the device that runs, or ran last; `null` before the first was there. */
  get info(): EngineInfo | null {
    return this.load?.info ?? null;
  }

  get progress(): LoadProgress | null {
    return this.phase.kind === 'loading' ? this.phase.progress : null;
  }

  /** Why nothing will answer any more. */
  get error(): ErrorData | null {
    return this.phase.kind === 'failed' || this.phase.kind === 'closed' ? this.phase.error : null;
  }

  /** How often another process was started. */
  get restarts(): number {
    return Math.max(0, this.generation - 1);
  }

  /** Requests that have not ended. */
  get live(): number {
    return this.requests.size;
  }

  /** Once. Resolves when the model is there, or with why it is not. */
  begin(options: LoadOptions, onProgress: Load['onProgress']): Promise<Result<EngineInfo>> {
    if (this.phase.kind !== 'idle') {
      const message = 'This engine has loaded its model: start another one.';
      return Promise.resolve({ ok: false, error: this.error ?? { code: 'invalid-request', message } });
    }
    return new Promise((answer) => {
      this.load = { options, onProgress, answer, info: null };
      this.start();
    });
  }

  abortLoad(): void {
    if (this.info === null) this.fail({ code: 'aborted', message: 'The load was aborted.' }, 'its load was aborted');
  }

  /** The number by which its events call it. */
  submit(request: HostRequest, emit: (event: RequestEvent) => void): number {
    this.deps.counters.requests += 1;
    this.lastRequest += 1;
    const id = this.lastRequest;
    const error = this.refusal();
    if (error === null) this.requests.add(id, request, emit);
    else emit(endedEvent(id, { kind: 'failed', error: { ...error, requestId: id } }));
    return id;
  }

  /** Whether it was alive. */
  async cancel(id: number): Promise<boolean> {
    const found = this.requests.cancel(id);
    if (found !== 'asked') return found === 'ended';
    const answer = await this.calls.ask({ method: 'cancel', requestId: id });
    return answer.ok && answer.value === true;
  }

  call(ask: EngineCall): Promise<Result<unknown>> {
    const error = this.error ?? (this.load === null ? notLoaded() : null);
    return error === null ? this.calls.ask(ask) : Promise.resolve({ ok: false, error });
  }

  /** The returned function takes it back. */
  watch(listener: (event: EngineEvent) => void): () => void {
    this.watchers.add(listener);
    return () => void this.watchers.delete(listener);
  }

  /** Ends all that waits with `closed`, then the process; resolves when nothing is left of it. */
  close(): Promise<void> {
    const error: ErrorData = { code: 'closed', message: 'The engine was closed.' };
    this.give('closed', error, 'the engine is closed');
    return new Promise((resolve) => {
      if (this.life === null) resolve();
      else this.whenGone.push(resolve);
    });
  }

  private start(): void {
    this.phase = { kind: 'loading', progress: null };
    if (this.generation > 0) this.deps.counters.restarts += 1;
    this.generation += 1;
    const life: ChildLife = new ChildLife(this.generation, {
      ...this.deps,
      onMessage: (message) => this.hear(message),
      onGone: (why) => this.gone(why),
    });
    this.life = life;
  }

  private hear(message: Parameters<LifeDeps['onMessage']>[0]): void {
    const { load } = this;
    if (load === null || (this.phase.kind !== 'loading' && this.phase.kind !== 'ready')) return;
    switch (message.type) {
      case 'hello':
        this.watchLoad();
        return this.life?.send({ type: 'load', options: childOptions(load) });
      case 'progress':
        if (this.phase.kind === 'loading') this.watchLoad();
        this.phase = this.phase.kind === 'loading' ? { kind: 'loading', progress: message.progress } : this.phase;
        return load.onProgress(message.progress);
      case 'loaded':
        return message.result.ok
          ? this.loaded(load, message.result.value)
          : this.loadFailed(load, message.result.error);
      case 'event':
        return this.requestSaid(message.event);
      case 'engine':
        return this.engineSaid(load, message.event);
      case 'answer':
        return this.calls.hear(message.call, message.result);
      default:
        return unreachable(message);
    }
  }

  /** Its event loop may turn while what it waits for never comes: a disk that is gone, a driver that stands still. */
  private watchLoad(): void {
    const patienceMs = SILENT_STEPS * this.deps.timeouts.stepMs;
    this.stopWatch();
    this.stopWatch = this.deps.clock.after(patienceMs, () =>
      this.life?.end(`its load got nowhere for ${patienceMs} ms`),
    );
  }

  private loaded(load: Load, info: EngineInfo): void {
    this.stopWatch();
    const before = load.info;
    if (before !== null && before.model.sha256 !== info.model.sha256)
      return this.fail(otherModel(info), 'its model is another one');
    load.info = info;
    this.phase = { kind: 'ready', info };
    this.policy.ready();
    this.deps.counters.loads += 1;
    if (before === null) load.answer({ ok: true, value: info });
    else {
      this.tell({ type: 'state', state: 'ready', retryAtMs: null, error: null });
      const sameAnswers = before.systemFingerprint === info.systemFingerprint;
      this.tell({ type: 'restored', info, sameAnswers });
      this.deps.log(`engine process ${this.generation} has the model again; ${this.live} requests go on`);
    }
    this.calls.ready();
    this.requests.ready();
  }

  /** The first time it is the caller's to know; later it was there before, and may be again. */
  private loadFailed(load: Load, error: ErrorData): void {
    if (load.info === null) this.fail(error, 'its load failed');
    else this.life?.end(`it could not load the model again (${error.message})`);
  }

  private requestSaid(event: RequestEvent): void {
    if (event.type === 'token') this.deps.counters.tokens += 1;
    const error = event.type === 'ended' && event.outcome.kind === 'failed' ? event.outcome.error : null;
    // Nobody has to know: another process has a device again, and goes on.
    if (error !== null && LOSSES.includes(error.code)) this.life?.end(`it lost its device (${error.message})`);
    else this.requests.hear(event);
  }

  private engineSaid(load: Load, event: EngineEvent): void {
    if (event.type === 'restored') load.info = event.info;
    this.tell(event);
    // The engine itself has given up: another process may do better.
    if (event.type === 'state' && event.state === 'gone') {
      this.life?.end(`its engine has ended (${event.error?.message ?? 'for no reason that it gave'})`);
    }
  }

  private gone(why: string): void {
    const wasReady = this.phase.kind === 'ready';
    this.stopWatch();
    this.life = null;
    this.why = why;
    for (const resolve of this.whenGone.splice(0)) resolve();
    if (this.phase.kind === 'failed' || this.phase.kind === 'closed') return;
    const delayMs = this.policy.died(this.deps.clock.now());
    if (delayMs === null) return this.fail(this.died(true), 'it has died too often');
    this.deps.log(
      `engine process ${this.generation} is gone: ${why}; another one is started in ${Math.round(delayMs)} ms`,
    );
    this.phase = { kind: 'waiting', stopTimer: this.deps.clock.after(delayMs, () => this.start()) };
    this.calls.lost();
    this.requests.lost(this.died(false));
    if (!wasReady) return;
    this.tell({ type: 'state', state: 'lost', retryAtMs: null, error: null });
    this.tell({ type: 'lost' });
  }

  private died(isFinal: boolean): ErrorData {
    const often = isFinal ? `, ${this.policy.deaths} times` : '';
    const message = `The process that runs the model died${often}: ${this.why}. \`forgelight doctor\` looks for the cause; the daemon's log has what the process said.`;
    return { code: 'device-lost', message };
  }

  private fail(error: ErrorData, why: string): void {
    this.deps.log(`the engine has failed: ${error.message}`);
    this.give('failed', error, why);
  }

  /** Nothing will answer any more. */
  private give(kind: 'failed' | 'closed', error: ErrorData, why: string): void {
    const { phase } = this;
    if (phase.kind === 'closed' || phase.kind === kind) return;
    if (phase.kind === 'waiting') phase.stopTimer();
    this.stopWatch();
    this.phase = { kind, error };
    this.life?.end(why);
    this.load?.answer({ ok: false, error }); // nothing, where it has its answer
    this.calls.endAll(error);
    this.requests.endAll(error);
    if (this.info !== null)
      this.tell({ type: 'state', state: kind === 'failed' ? 'gone' : 'closed', retryAtMs: null, error });
  }

  private refusal(): ErrorData | null {
    if (this.error !== null) return this.error;
    if (this.load === null) return notLoaded();
    const { maxConcurrent, maxQueued } = this.load.options;
    if (this.live < maxConcurrent + maxQueued) return null;
    const message = `The engine has ${this.live} requests: as many as run and wait at most. Wait until some have ended.`;
    return { code: 'busy', message };
  }

  private tell(event: EngineEvent): void {
    for (const watcher of [...this.watchers]) watcher(event);
  }
}

/** All live requests may reach a new process at once: its queue has to have room for them. */
function childOptions({ options }: Load): LoadOptions {
  return { ...options, maxQueued: options.maxQueued + options.maxConcurrent };
}

/** Tokens of one model mean nothing to another. */
function otherModel({ model }: EngineInfo): ErrorData {
  const message = `The file of ${model.name} was replaced while it was in use: its SHA-256 is ${model.sha256} now. Load it again.`;
  return { code: 'corrupt-model', message };
}

function notLoaded(): ErrorData {
  return { code: 'closed', message: 'No model is loaded.' };
}
