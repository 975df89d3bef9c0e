import { unreachable } from '../../src/base/assert';
import type { Clock } from '../../src/base/clock';
import { errorToData, ForgelightError } from '../../src/base/errors';
import type { Device } from '../../src/device/device';
import type { HostedEngine } from '../../src/engine/hosted-engine';
import { loadModel } from '../../src/engine/load-model';
import type { LoadHost } from '../../src/engine/load-onto-device';
import type { VariantCache } from '../../src/models/choose-variants';
import { parseEngineOptions } from '../../src/protocol/engine-options-schema';
import type { EngineInfo, LoadOptions, Result } from '../../src/protocol/engine-port';
import type { ModelStore } from '../../src/store/model-store';
import { heldSource, type HeldSource } from '../../src/worker/model-sources';
import type { EngineCall, FromEngine, ToEngine } from './ipc';

export interface EngineServiceDeps extends Pick<LoadHost, 'proveFormats'> {
  readonly send: (message: FromEngine) => void;
  /** `profile`: to measure its kernels. */
  readonly openDevice: (profile: boolean) => Promise<Device>;
  readonly store: ModelStore;
  readonly variantCache: VariantCache;
  readonly clock: Clock;
  readonly randomSeed: () => number;
  /** Hears of what nobody can be told. */
  readonly report: (error: unknown) => void;
}

/** One model and its engine behind messages, as a browser's worker has them behind calls. */
export class EngineService {
  private readonly abort = new AbortController();
  private engine: HostedEngine | null = null;
  /** The model's files stay in the store as long as the engine may have to load them again. */
  private held: HeldSource | null = null;

  constructor(private readonly deps: EngineServiceDeps) {}

  /** All but `start`, which is the process's. */
  handle(message: Exclude<ToEngine, { type: 'start' }>): void {
    switch (message.type) {
      case 'load':
        return void this.answerLoad(message.options);
      case 'submit':
        return this.loaded().submit(message.requestId, message.request, (event) =>
          this.deps.send({ type: 'event', event }),
        );
      case 'call':
        return this.answerCall(message.call, message.ask);
      case 'beat':
        return this.deps.send({ type: 'beat' });
      default:
        return unreachable(message);
    }
  }

  async close(): Promise<void> {
    this.abort.abort(new ForgelightError('closed', 'The engine process was told to end.'));
    await this.engine?.close();
    this.held?.close();
  }

  private async answerLoad(options: LoadOptions): Promise<void> {
    const result = await this.settle(() => this.load(options));
    this.deps.send({ type: 'loaded', result });
  }

  private async load(options: LoadOptions): Promise<EngineInfo> {
    const { send, store, openDevice, ...host } = this.deps;
    const { load } = parseEngineOptions(options);
    this.held = heldSource(load, { store, onWatched: () => undefined });
    try {
      this.engine = await loadModel(load, {
        ...host,
        openDevice: () => openDevice(load.debug.profile === true),
        source: this.held.source,
        onProgress: (progress) => send({ type: 'progress', progress }),
        signal: this.abort.signal,
      });
    } catch (error) {
      this.held.close();
      throw error;
    }
    this.engine.watch((event) => send({ type: 'engine', event }));
    return this.engine.info;
  }

  private answerCall(call: number, ask: EngineCall): void {
    void this.settle(() => this.answerTo(ask)).then((result) => this.deps.send({ type: 'answer', call, result }));
  }

  private answerTo(ask: EngineCall): unknown {
    const engine = this.loaded();
    switch (ask.method) {
      case 'tokenize':
        return engine.tokenize(ask.text, ask.options);
      case 'detokenize':
        return engine.detokenize(ask.ids);
      case 'snapshot':
        return engine.snapshot();
      case 'stats':
        return engine.stats();
      case 'cancel':
        return engine.cancel(ask.requestId);
      default:
        return unreachable(ask);
    }
  }

  private loaded(): HostedEngine {
    if (this.engine === null) throw new ForgelightError('closed', 'No model is loaded in this process.');
    return this.engine;
  }

  /** Errors cross as data. */
  private async settle<T>(work: () => T | Promise<T>): Promise<Result<T>> {
    try {
      return { ok: true, value: await work() };
    } catch (error) {
      if (!(error instanceof ForgelightError)) this.deps.report(error);
      return { ok: false, error: errorToData(error, 'closed') };
    }
  }
}
