import type { Clock } from './clock';

/** The host's own clock: a page's, a worker's or Node's. Its origin is that of `Date`, so that a page can read a time of its worker's. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
