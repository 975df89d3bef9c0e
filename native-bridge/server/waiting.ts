import type { Clock } from '../../src/base/clock';
import { abortErrorOf } from '../../src/client/abort';

/** The same, until the signal fires: then it rejects with an `AbortError`, and what comes of the work is dropped. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(abortErrorOf(signal));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/** Resolves when the work has, or when the time is over; rejects as the work does. */
export function atMost(work: Promise<unknown>, clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = clock.after(delayMs, resolve);
    work.then(() => resolve(), reject).finally(stop);
  });
}
