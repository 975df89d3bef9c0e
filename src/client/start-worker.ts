import { ForgelightError } from '../base/errors';
import { isWorkerReady } from '../protocol/worker-ready';
import { onAbort, throwIfAborted } from './abort';

/** What starting a worker needs of the page; passed in so that it can be tried without one. */
export interface WorkerScope {
  /** The page's own address. */
  readonly pageUrl: string;
  createWorker(url: string): Worker;
  createScriptUrl(script: string): string;
  revokeScriptUrl(url: string): void;
}

export interface StartOptions {
  readonly url: string | URL;
  readonly signal: AbortSignal | null;
  readonly timeoutMs: number;
}

export interface StartedWorker {
  readonly worker: Worker;
  /** Web Lock that is free when the worker is gone; `null` where there are none. */
  readonly lock: string | null;
}

/**
 * Starts the engine's worker and waits until it says that it listens. A script of the page's origin is started directly; one of
 * another origin through a blob that imports it statically, because browsers refuse the direct way. (A blob that imports
 * dynamically would lose the first messages, and a `data:` worker would have no storage.)
 *
 * Rejects with `network` and what to set when it does not start, with an `AbortError` when the signal fires.
 */
export async function startWorker(options: StartOptions, scope: WorkerScope): Promise<StartedWorker> {
  throwIfAborted(options.signal);
  const url = new URL(options.url, scope.pageUrl);
  if (url.origin === new URL(scope.pageUrl).origin) return await readyWorker(url.href, url.href, options, scope);
  const blobUrl = scope.createScriptUrl(`import ${JSON.stringify(url.href)};`);
  try {
    return await readyWorker(blobUrl, url.href, options, scope);
  } finally {
    scope.revokeScriptUrl(blobUrl);
  }
}

async function readyWorker(
  startUrl: string,
  scriptUrl: string,
  options: StartOptions,
  scope: WorkerScope,
): Promise<StartedWorker> {
  const worker = create(startUrl, scriptUrl, scope);
  const releases: (() => void)[] = [];
  try {
    const lock = await new Promise<string | null>((resolve, reject) => {
      const onMessage = (event: MessageEvent<unknown>): void => {
        if (isWorkerReady(event.data)) resolve(event.data.lock);
      };
      const onError = (event: ErrorEvent): void =>
        reject(startError(scriptUrl, event.message ? event.message : 'its script did not load'));
      const onTimeout = (): void => reject(startError(scriptUrl, `it did not answer within ${options.timeoutMs} ms`));
      const timer = setTimeout(onTimeout, options.timeoutMs);
      worker.addEventListener('message', onMessage);
      worker.addEventListener('error', onError);
      releases.push(
        () => clearTimeout(timer),
        () => worker.removeEventListener('message', onMessage),
        () => worker.removeEventListener('error', onError),
        onAbort(options.signal, reject),
      );
    });
    return { worker, lock };
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    for (const release of releases) release();
  }
}

function create(startUrl: string, scriptUrl: string, scope: WorkerScope): Worker {
  try {
    return scope.createWorker(startUrl);
  } catch (error) {
    throw startError(scriptUrl, error instanceof Error ? error.message : String(error), error);
  }
}

function startError(scriptUrl: string, reason: string, cause?: unknown): ForgelightError {
  return new ForgelightError(
    'network',
    `The engine's worker did not start from ${scriptUrl}: ${reason}. Check that this address serves worker.js as JavaScript, with CORS ` +
      "headers if it is another origin's; under a Content-Security-Policy that forbids blob: workers, or with your own bundle, put worker.js " +
      "on the page's origin, allow it in worker-src, and pass its address as workerUrl.",
    { cause },
  );
}
