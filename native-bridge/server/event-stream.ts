import type { Clock } from '../../src/base/clock';
import type { Exchange } from './exchange';
import { atMost, orAborted } from './waiting';

/** So long a stream's beginning waits for its first event, so that what fails at once has a status. */
const FIRST_EVENT_MS = 5_000;

export interface EventStreamOptions<T> {
  readonly clock: Clock;
  readonly encode: (item: T) => string;
  /** Just before the answer begins: headers can still be set. `null`: the first event takes longer. */
  readonly onBegin: (first: T | null) => void;
}

/**
 * Answers with what an iterable gives as server-sent events, `[DONE]` last. The iterable is left whatever happens, so that its request ends
 * with its reader; the next item is asked for when the socket has taken the last.
 */
export async function sendEvents<T>(
  { outlet, signal }: Exchange,
  items: AsyncIterable<T>,
  { clock, encode, onBegin }: EventStreamOptions<T>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  const take = (): Promise<IteratorResult<T, unknown>> => orAborted(iterator.next(), signal);
  try {
    let next = take();
    let first: T | null = null;
    const seen = next.then(({ done, value }) => {
      if (done !== true) first = value;
    });
    await atMost(seen, clock, FIRST_EVENT_MS);
    onBegin(first);
    outlet.beginEvents();
    for (let result = await next; result.done !== true; result = await next) {
      await outlet.event(encode(result.value));
      next = take();
    }
    await outlet.event('[DONE]');
    await outlet.end();
  } finally {
    // Whoever leaves does not wait for what is left: a backend that hangs must not hold its client.
    iterator.return?.().catch(() => undefined);
  }
}
