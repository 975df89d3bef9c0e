import type { Clock } from './clock';

/** The host's own clock: a page's, a worker's or Node's. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
