import { wrap, type Remote } from 'comlink';
import type { Result } from '../protocol/engine-port';
import { onAbort, throwIfAborted } from './abort';
import { requireWebGpu, type EngineScope } from './browser-scope';
import { engineBroke } from './lifeline';
import { unwrap } from './result';
import { startWorker } from './start-worker';
import { defaultWorkerUrl } from './worker-url';

export interface AskOptions {
  readonly workerUrl: string | URL | null;
  readonly signal: AbortSignal | null;
  /** How long the worker may take to start. */
  readonly timeoutMs: number;
}

/**
 * One question to a worker of its own, which ends with it: also when the signal fires, whatever it is doing then. Throws as the answer
 * says, `no-webgpu`, and what starting a worker can meet.
 */
export async function askWorker<Host, T>(
  scope: EngineScope,
  { workerUrl, signal, timeoutMs }: AskOptions,
  ask: (host: Remote<Host>) => Promise<Result<T>>,
): Promise<T> {
  requireWebGpu(scope);
  const { worker } = await startWorker({ url: workerUrl ?? defaultWorkerUrl(), signal, timeoutMs }, scope);
  const forgets: (() => void)[] = [];
  try {
    throwIfAborted(signal);
    const ended = new Promise<never>((_resolve, reject) => {
      worker.addEventListener('error', (event) => reject(engineBroke(event.message)));
      forgets.push(onAbort(signal, reject));
    });
    return unwrap(await Promise.race([ask(wrap<Host>(worker)), ended]));
  } finally {
    for (const forget of forgets) forget();
    worker.terminate();
  }
}
