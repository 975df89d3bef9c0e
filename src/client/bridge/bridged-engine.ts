import { ForgelightError } from '../../base/errors';
import type { ParsedEngineOptions } from '../../protocol/engine-options-schema';
import type { EngineInfo, LoadOptions } from '../../protocol/engine-port';
import { abortErrorOf, onAbort } from '../abort';
import type { EngineScope } from '../browser-scope';
import type { LoadedWorker } from '../loaded-worker';
import type { createEngineClient } from '../engine-client';
import type { Lifeline } from '../lifeline';
import type { Engine } from '../types';
import { openBridgeEngine } from './bridge-engine';
import { bridgeAddress, BridgeHttp } from './bridge-http';
import { bridgeScope, type BridgeScope } from './bridge-scope';
import { isRefusal } from './breaks';
import type { OpenPlace, PlacedEngine, PlaceNews } from './engine-place';
import { findBridgeModel } from './find-model';
import { isUpstream } from './no-model-there';
import { RoutedHost } from './routed-host';
import { unusedOptions } from './unused-options';
import { WorkerEngine } from './worker-engine';

export interface BridgedOptions {
  readonly options: ParsedEngineOptions;
  readonly scope: EngineScope;
  /** Loads a model in this page. */
  readonly loadInWorker: (scope: EngineScope, options: ParsedEngineOptions) => Promise<LoadedWorker>;
  /** Of the whole engine; it ends with its page. */
  readonly lifeline: Lifeline;
  readonly connect: typeof createEngineClient;
  readonly bridge?: BridgeScope;
}

/**
 * An engine that the program on this computer answers for, and with `device: 'auto'` this page where that does not: from the start, with a note
 * in `info.notes` why, or in the middle of answers. This page's engine is made when it is needed first. Throws as `createEngine`.
 */
export async function createBridgedEngine(parts: BridgedOptions): Promise<Engine> {
  const { options, scope, lifeline, connect } = parts;
  const calledAtMs = scope.now();
  const places = new BridgedPlaces(parts);
  const isAlone = options.device === 'bridge';
  const bridge: OpenPlace = (news) => places.openBridge(news);
  const host = new RoutedHost({
    places: isAlone ? { bridge } : { bridge, webgpu: (news) => places.openPage(news) },
    preferred: 'bridge',
    ...{ clock: places.scope.clock, sight: places.scope.sight },
    stallMs: options.load.timeouts.stallMs,
  });
  const dispose = (): void => {
    places.close();
    void host.close();
  };
  lifeline.onEnd(dispose);
  try {
    const info = await lifeline.guard(() => firstEngine(host, places, isAlone));
    places.begun();
    const startMs = scope.now() - calledAtMs;
    const { model } = options.load;
    return connect(host, info, lifeline, { dispose, startMs, model, use: (device) => host.routes.use(device) });
  } catch (error) {
    dispose();
    if (!isAlone || !isUpstream(error)) throw error;
    const { openUpstreamEngine } = await import('./upstream-engine');
    const startMs = (): number => scope.now() - calledAtMs;
    return openUpstreamEngine({ options, scope: places.scope, lifeline, startMs });
  }
}

async function firstEngine({ routes }: RoutedHost, places: BridgedPlaces, isAlone: boolean): Promise<EngineInfo> {
  try {
    return await routes.use('bridge');
  } catch (error) {
    if (isAlone || !(error instanceof ForgelightError)) throw error;
    places.whyNotBridge = error;
    const info = await routes.use('webgpu').catch((reason: unknown) => Promise.reject(both(reason, error)));
    if (!isRefusal(error)) routes.prefer('bridge');
    return info;
  }
}

/** Why this page has no engine, and why the bridge has none. */
function both(reason: unknown, bridge: ForgelightError): unknown {
  if (!(reason instanceof ForgelightError)) return reason;
  return new ForgelightError(reason.code, `${reason.message} ${bridge.message}`, reason);
}

/** How the engines of both places come to be. Owns what opening them needs: one signal for all of it, until the engine is closed. */
class BridgedPlaces {
  readonly scope: BridgeScope;
  whyNotBridge: ForgelightError | null = null;
  private readonly http: BridgeHttp;
  private readonly abort = new AbortController();
  private readonly forgetSignal: () => void;
  /** Of the model that the bridge answers with: this page has to have the same. */
  private sha256: string | null = null;

  constructor(private readonly parts: BridgedOptions) {
    const { options, bridge = bridgeScope() } = parts;
    this.scope = bridge;
    const { signal } = options;
    if (signal?.aborted === true) this.abort.abort(abortErrorOf(signal));
    this.forgetSignal = onAbort(signal, (error) => this.abort.abort(error));
    this.http = new BridgeHttp(bridge, {
      url: bridgeAddress(options.bridgeUrl),
      token: options.bridgeToken,
      stallMs: options.load.timeouts.stallMs,
    });
  }

  /** The caller's signal ended the load; it does not end the engine. */
  begun(): void {
    this.forgetSignal();
  }

  close(): void {
    this.forgetSignal();
    this.abort.abort();
  }

  async openBridge(news: PlaceNews): Promise<PlacedEngine> {
    const { signal } = this.abort;
    const { scope } = this;
    const { pageUrl } = this.parts.scope;
    const model = await findBridgeModel(this.http, this.load, { listHub: scope.listHub, signal, pageUrl });
    const engine = await openBridgeEngine(this.http, {
      ...{ model, scope, news },
      notes: ({ model: { contextLength } }) => unusedOptions(this.load, contextLength),
      onProgress: (progress) => this.parts.options.onProgress?.(progress),
      signal,
    });
    this.sha256 = engine.info.model.sha256;
    return engine;
  }

  async openPage(news: PlaceNews): Promise<PlacedEngine> {
    const { options, scope, loadInWorker } = this.parts;
    const why = this.whyNotBridge;
    const here: ParsedEngineOptions = {
      ...options,
      load: this.load,
      signal: this.abort.signal,
    };
    const worker = await loadInWorker(scope, here);
    this.sha256 = worker.info.model.sha256;
    return new WorkerEngine(worker, why === null ? [] : [`The bridge was not used: ${why.message}`], news);
  }

  private get load(): LoadOptions {
    const { load } = this.parts.options;
    return this.sha256 === null ? load : { ...load, sha256: this.sha256 };
  }
}
