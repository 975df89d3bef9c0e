import { proxy, transfer, wrap, type Remote } from 'comlink';
import type { ForgelightError } from '../base/errors';
import { parseEngineOptions, type ParsedEngineOptions } from '../protocol/engine-options-schema';
import type { EngineHost, EngineInfo, LoadOptions } from '../protocol/engine-port';
import type { LoadProgress } from '../protocol/progress';
import { onAbort, throwIfAborted } from './abort';
import type { BridgeScope } from './bridge/bridge-scope';
import { browserScope, requireWebGpu, type EngineScope } from './browser-scope';
import { closeHost, createEngineClient } from './engine-client';
import { engineBroke, Lifeline, pageLeft } from './lifeline';
import type { LoadedWorker } from './loaded-worker';
import { unwrap } from './result';
import { startWorker } from './start-worker';
import { tellPage } from './tell-page';
import type { Engine, EngineOptions } from './types';
import { defaultWorkerUrl } from './worker-url';

/** How long an aborted load may take to put its download in order before its worker is ended. */
export const ABORT_GRACE_MS = 2000;

/**
 * Loads a model in a worker of its own and resolves when it can answer.
 *
 * Throws `invalid-request` about the options, `no-webgpu`, and what a load can meet (`network`, `bad-gguf`, `corrupt-model`,
 * `out-of-memory`, `quota-exceeded`, `unsupported-architecture` …); a `DOMException` named `AbortError` when `signal` fires.
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const parsed = parseEngineOptions(options);
  throwIfAborted(parsed.signal);
  return await createEngineIn(browserScope(), parsed);
}

/** `createEngine` on a given page. */
export async function createEngineIn(
  scope: EngineScope,
  options: ParsedEngineOptions,
  bridge?: BridgeScope,
): Promise<Engine> {
  if (options.device === 'bridge' || (options.device === 'auto' && options.bridgeUrl !== null)) {
    const lifeline = new Lifeline();
    lifeline.onEnd(scope.onLeave(() => void lifeline.end(pageLeft())));
    const { createBridgedEngine } = await import('./bridge/bridged-engine');
    const onProgress = (progress: LoadProgress): void => tellPage(options.onProgress, progress);
    return await createBridgedEngine({
      ...{ scope, lifeline, loadInWorker, options: { ...options, onProgress }, connect: createEngineClient },
      ...(bridge === undefined ? {} : { bridge }),
    });
  }
  const { host, info, lifeline, ...worker } = await loadInWorker(scope, options);
  return createEngineClient(host, info, lifeline, { ...worker, model: options.load.model });
}

async function loadInWorker(scope: EngineScope, options: ParsedEngineOptions): Promise<LoadedWorker> {
  const calledAtMs = scope.now();
  requireWebGpu(scope);
  const { worker, lock } = await startWorker(
    { url: options.workerUrl ?? defaultWorkerUrl(), signal: options.signal, timeoutMs: options.load.timeouts.stallMs },
    scope,
  );
  const startMs = scope.now() - calledAtMs;
  const lifeline = new Lifeline();
  const dispose = (): void => worker.terminate();
  const breakOff = (error: ForgelightError): void => {
    lifeline.end(error);
    dispose();
  };
  worker.addEventListener('error', (event) => breakOff(engineBroke(event.message)));
  if (lock !== null) scope.onFree(lock, () => breakOff(engineBroke('its worker has ended')));
  // A page that is kept for Back would keep its GPU memory too, out of everyone's reach.
  lifeline.onEnd(scope.onLeave(() => breakOff(pageLeft())));
  const host = wrap<EngineHost>(worker);
  const inThisPage = { ...options, load: inPage(options.load, scope) };
  const info = await load(host, inThisPage, { lifeline, dispose, persist: () => void scope.persist() });
  return { host, info, lifeline, dispose, startMs, transfer, close: () => closeHost(host, lifeline, dispose) };
}

/** Paths stand in the page; a worker that was started from a blob could not tell where that is. */
export function inPage(load: LoadOptions, { pageUrl }: Pick<EngineScope, 'pageUrl'>): LoadOptions {
  const absolute = (address: string): string => (/^\.{0,2}\//.test(address) ? new URL(address, pageUrl).href : address);
  const { model, mirrors } = load;
  return {
    ...load,
    model: typeof model === 'string' ? absolute(model) : model,
    ...(mirrors === undefined ? {} : { mirrors: mirrors.map(absolute) }),
  };
}

async function load(
  host: Remote<EngineHost>,
  options: ParsedEngineOptions,
  { lifeline, dispose, persist }: { lifeline: Lifeline; dispose: () => void; persist: () => void },
): Promise<EngineInfo> {
  const progress = new ProgressListener(options.onProgress);
  const loading = lifeline.guard(() => host.load(options.load, proxy(progress.report), proxy(persist)));
  const forgets: (() => void)[] = [];
  const aborted = new Promise<never>((_resolve, reject) => {
    forgets.push(onAbort(options.signal, reject));
  });
  try {
    throwIfAborted(options.signal);
    return unwrap(await Promise.race([loading, aborted]));
  } catch (error) {
    progress.stop();
    if (options.signal?.aborted === true) lifeline.watch(host.abortLoad());
    endLater(loading, dispose);
    throw error;
  } finally {
    for (const forget of forgets) forget();
  }
}

/** Ends the worker when the load has ended by itself, or after a short grace. */
function endLater(loading: Promise<unknown>, dispose: () => void): void {
  const timer = setTimeout(dispose, ABORT_GRACE_MS);
  const end = (): void => {
    clearTimeout(timer);
    dispose();
  };
  loading.then(end, end);
}

/**
 * Passes progress on until the load has failed: the last report of a load that succeeds may come after its result, by a port of its own.
 */
class ProgressListener {
  constructor(private listener: ((progress: LoadProgress) => void) | null) {}

  readonly report = (progress: LoadProgress): void => tellPage(this.listener, progress);

  stop(): void {
    this.listener = null;
  }
}
