import type { Clock } from '../base/clock';

/** `promise`, or the signal's reason if that comes first. What the promise does afterwards is nobody's business any more. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Resolves after `delayMs`; rejects with the signal's reason. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  let stopTimer = (): void => undefined;
  const elapsed = new Promise<void>((resolve) => {
    stopTimer = clock.after(delayMs, resolve);
  });
  return orAbort(elapsed, signal).finally(() => stopTimer());
}
