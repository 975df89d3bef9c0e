import type { Remote } from 'comlink';
import type { Clock } from '../../src/base/clock';
import { ForgelightError } from '../../src/base/errors';
import { abortErrorOf, onAbort, throwIfAborted } from '../../src/client/abort';
import { createEngineClient } from '../../src/client/engine-client';
import { engineClosed, Lifeline } from '../../src/client/lifeline';
import { unwrap } from '../../src/client/result';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  Engine,
  EmbeddingList,
  TextCompletion,
} from '../../src/client/types';
import { parseEmbeddingBody } from '../../src/protocol/embedding-schema';
import { parseEngineOptions } from '../../src/protocol/engine-options-schema';
import type { EngineHost, EngineInfo, EngineStats, LoadOptions } from '../../src/protocol/engine-port';
import { parseCompletionBody } from '../../src/protocol/completion-schema';
import { parseChatBody } from '../../src/protocol/request-schema';
import type { FitReport } from '../../src/protocol/fit';
import type { HostTimeouts } from '../../src/protocol/timeouts';
import type { ModelStore } from '../../src/store/model-store';
import type { AskOptions, BackendState, EngineBackend, LentEngine, ListedModel } from '../server/backend';
import type { SpawnChild } from './child-life';
import type { FitQuestion } from './fit-on-device';
import type { EngineStart } from './ipc';
import { findByHash, findModel, findUnnamed, namedModels, type NamedModel } from './model-names';
import type { RestartLimits } from './restart-policy';
import { SupervisedHost } from './supervised-host';
import { Supervisor, type EngineCounters } from './supervisor';

export interface EngineBackendOptions {
  readonly store: Pick<ModelStore, 'list'>;
  /** Starts an engine process. */
  readonly spawn: SpawnChild;
  /** Asks a process that is there for this alone. Throws what keeps it from telling. */
  readonly askFit: (question: FitQuestion, signal: AbortSignal) => Promise<FitReport>;
  readonly start: EngineStart;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timeouts: HostTimeouts;
  /** The model of requests that name none. */
  readonly model?: string;
  /** How models are loaded, where that is not as in `createEngine`. */
  readonly load?: Partial<
    Pick<
      LoadOptions,
      'contextLength' | 'maxConcurrent' | 'maxQueued' | 'kvCacheType' | 'kvCacheTokens' | 'precision' | 'debug'
    >
  >;
  readonly restarts?: RestartLimits;
  /** Hears what is done about engine processes. */
  readonly log: (text: string) => void;
}

/** One model on the device, or on its way there. */
interface Current {
  readonly model: NamedModel;
  readonly supervisor: Supervisor;
  readonly lifeline: Lifeline;
  readonly ready: Promise<{ readonly engine: Engine; readonly info: EngineInfo }>;
  /** Calls that wait for it, have not become requests yet, or are several. */
  claims: number;
}

/** Models of this computer's store, one at a time, each in an engine process of its own. */
export function createEngineBackend(options: EngineBackendOptions): EngineBackend {
  return new SupervisedBackend(options);
}

class SupervisedBackend implements EngineBackend {
  readonly kind = 'engine';
  private current: Current | null = null;
  /** Settles when the process before is gone, and what it held of the device with it. */
  private cleared: Promise<void> = Promise.resolve();
  /** Settles when nobody's fit is being looked at: each takes a process, and one at a time is enough. */
  private fitted: Promise<unknown> = Promise.resolve();
  private isClosed = false;
  /** Answers are called by it: no two of them alike, whichever engine gave them. */
  private lastRequest = 0;
  private readonly counters: EngineCounters = { loads: 0, restarts: 0, requests: 0, tokens: 0 };

  constructor(private readonly options: EngineBackendOptions) {}

  state(): BackendState {
    const { current } = this;
    if (current === null) return { status: 'idle' };
    const { supervisor, model } = current;
    const { info, error, progress, restarts } = supervisor;
    if (error !== null) return { status: 'failed', error };
    if (supervisor.state === 'ready' && info !== null)
      return { status: 'ready', model: model.id, device: deviceWords(info) };
    if (info !== null) return { status: 'restarting', model: model.id, attempt: restarts };
    return { status: 'loading', model: model.id, loaded: progress?.loaded ?? 0, total: progress?.total ?? 0, progress };
  }

  async models(): Promise<readonly ListedModel[]> {
    const isLoaded = (model: NamedModel): boolean =>
      this.state().status === 'ready' && model.reference === this.current?.model.reference;
    return (await this.stored()).map((model) => ({
      id: model.id,
      sha256: model.sha256,
      sizeBytes: model.sizeBytes,
      isLoaded: isLoaded(model),
      missingFiles: model.missing,
    }));
  }

  async chat(body: unknown, options: AskOptions): Promise<ChatCompletion | AsyncIterable<ChatCompletionChunk>> {
    const { model } = parseChatBody(body);
    return this.use(model, options, (engine, name) =>
      engine.chat.completions.create(
        { ...(body as Parameters<Engine['chat']['completions']['create']>[0]), model: name },
        options,
      ),
    );
  }

  async complete(body: unknown, options: AskOptions): Promise<TextCompletion | AsyncIterable<TextCompletion>> {
    const { model } = parseCompletionBody(body);
    return this.use(model, options, (engine, name) =>
      engine.completions.create({ ...(body as Parameters<Engine['completions']['create']>[0]), model: name }, options),
    );
  }

  async embed(body: unknown, options: AskOptions): Promise<EmbeddingList<readonly number[] | string>> {
    const { model } = parseEmbeddingBody(body);
    return this.use(model, options, (engine, name) =>
      engine.embeddings.create({ ...(body as Parameters<Engine['embeddings']['create']>[0]), model: name }, options),
    );
  }

  engine(model: string, options: AskOptions): Promise<LentEngine> {
    return this.use(model, options, async (_engine, _name, { supervisor, info }) => ({
      info,
      host: this.hostOf(supervisor),
    }));
  }

  async checkFit(name: string, options: AskOptions): Promise<FitReport> {
    const { signal } = options;
    throwIfAborted(signal);
    const model = await this.meant(name, options);
    const asked = this.fitted.then(() => this.askFit(model, signal));
    this.fitted = asked.catch(() => undefined); // whoever asked is told
    return unlessAborted(asked, signal);
  }

  async unload(): Promise<boolean> {
    const { current } = this;
    if (current === null || isBusy(current)) return false;
    await this.drop(current);
    return true;
  }

  metrics(): Readonly<Record<string, number>> {
    const { loads, restarts, requests, tokens } = this.counters;
    return {
      engine_loads_total: loads,
      engine_restarts_total: restarts,
      engine_requests_total: requests,
      engine_tokens_total: tokens,
      engine_requests_live: this.current?.supervisor.live ?? 0,
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.current !== null) void this.drop(this.current);
    await this.cleared;
  }

  /** Does `work` with the model that `name` means, and keeps it on the device meanwhile. */
  private async use<T>(
    name: string | null,
    options: AskOptions,
    work: (engine: Engine, name: string, more: { supervisor: Supervisor; info: EngineInfo }) => Promise<T>,
  ): Promise<T> {
    throwIfAborted(options.signal);
    const model = await this.meant(name, options);
    throwIfAborted(options.signal); // whoever has left must not take another's model off the device
    const current = this.claim(model);
    try {
      const { engine } = await unlessAborted(current.ready, options.signal);
      const { supervisor } = current;
      const info = supervisor.info ?? engine.info;
      return await work(engine, `sha256:${info.model.sha256}`, { supervisor, info });
    } finally {
      this.leave(current);
    }
  }

  /** A load that nobody waits for any more is ended, and what it took of the device is free: whoever asks next begins anew. */
  private leave(current: Current): void {
    current.claims -= 1;
    const { supervisor } = current;
    if (current.claims > 0 || supervisor.info !== null || supervisor.error !== null) return;
    this.options.log(`nobody waits for ${current.model.id} any more: its load is ended`);
    void this.drop(current);
  }

  private async meant(name: string | null, { asks }: AskOptions): Promise<NamedModel> {
    const models = await this.stored();
    const { current, options } = this;
    const loaded = current?.supervisor.info ?? null;
    if (current !== null && loaded !== null) {
      const names = [null, current.model.id, loaded.model.name, `sha256:${loaded.model.sha256}`];
      if (names.includes(name)) return current.model;
    }
    if (asks === 'page' && name !== null) {
      const model = findByHash(models, name);
      if (model !== null) return model;
      const message = `The model "${name}" is not loaded, and pages name others as "sha256:" and 64 digits, of one that this computer's store has. \`forgelight list\` shows them there.`;
      throw new ForgelightError('invalid-request', message, { param: 'model' });
    }
    const wanted = name ?? options.model ?? (models.length === 1 ? models[0]?.id : undefined);
    if (wanted !== undefined) return (asks === 'page' ? findUnnamed : findModel)(models, wanted);
    const message = `Name a model: nothing is loaded. There are: ${models.map(({ id }) => id).join(', ') || 'none'}.`;
    throw new ForgelightError('invalid-request', message, { param: 'model' });
  }

  private async stored(): Promise<NamedModel[]> {
    return await namedModels(await this.options.store.list());
  }

  /** The model on the device, or on its way there from now on. Throws `busy` while another one is in use. */
  private claim(model: NamedModel): Current {
    if (this.isClosed) throw engineClosed();
    const claimed = this.currentOf(model) ?? this.load(model);
    this.current = claimed;
    claimed.claims += 1;
    return claimed;
  }

  /** `null`: the model has to be loaded, and nothing is in its way any more. */
  private currentOf(model: NamedModel): Current | null {
    const { current } = this;
    if (current === null) return null;
    const isOver = current.supervisor.error !== null;
    if (!isOver && current.model.reference === model.reference) return current;
    if (!isOver && isBusy(current)) throw inUse(current, model);
    void this.drop(current);
    return null;
  }

  private async askFit(model: NamedModel, signal: AbortSignal): Promise<FitReport> {
    throwIfAborted(signal);
    const { askFit, start } = this.options;
    const supervisor = this.current?.supervisor;
    const stats = supervisor?.state === 'ready' ? await supervisor.call({ method: 'stats' }) : null;
    const freedBytes = stats?.ok === true ? (stats.value as EngineStats).gpuBytes : 0;
    return askFit({ load: this.loadOptions(model), modelsFolder: start.modelsFolder, freedBytes }, signal);
  }

  private loadOptions({ reference }: NamedModel): LoadOptions {
    const { timeouts, load } = this.options;
    const { stepMs, requestMs, stallMs } = timeouts;
    return parseEngineOptions({ ...load, model: reference, timeouts: { stepMs, requestMs, stallMs } }).load;
  }

  private load(model: NamedModel): Current {
    const load = this.loadOptions(model);
    const supervisor = new Supervisor({ ...this.options, counters: this.counters });
    const lifeline = new Lifeline();
    const begin = async (): Promise<Awaited<Current['ready']>> => {
      await this.cleared;
      const info = unwrap(await supervisor.begin(load, () => undefined));
      const host = this.hostOf(supervisor);
      const engine = createEngineClient(host as unknown as Remote<EngineHost>, info, lifeline, {
        dispose: () => undefined,
        startMs: 0,
        nextRequest: () => (this.lastRequest += 1),
      });
      return { engine, info };
    };
    const ready = begin();
    ready.catch(() => undefined); // whoever waits for it is told
    return { model, supervisor, lifeline, ready, claims: 0 };
  }

  private hostOf(supervisor: Supervisor): SupervisedHost {
    const { clock, timeouts } = this.options;
    return new SupervisedHost(supervisor, { clock, stallMs: timeouts.stallMs });
  }

  /** Ends what runs on it with `closed`, and its process. */
  private drop(current: Current): Promise<void> {
    if (this.current === current) this.current = null;
    current.lifeline.end(engineClosed());
    this.cleared = Promise.all([this.cleared, current.supervisor.close()]).then(() => undefined);
    return this.cleared;
  }
}

function isBusy({ claims, supervisor }: Current): boolean {
  return claims > 0 || supervisor.live > 0;
}

function inUse({ model, supervisor }: Current, wanted: NamedModel): ForgelightError {
  const what = supervisor.info === null ? 'is being loaded' : `answers ${supervisor.live} requests`;
  const message = `${model.id} ${what}, and there is room for one model at a time. Ask for ${wanted.id} again when nothing runs.`;
  return new ForgelightError('busy', message, { param: 'model' });
}

/** "hip: AMD Radeon RX 7900 XTX" */
function deviceWords({ device }: EngineInfo): string {
  return `${device.kind}: ${device.name}`;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let forget = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    forget = onAbort(signal, reject);
    if (signal.aborted) reject(abortErrorOf(signal));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget();
  }
}
