import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { sendEvents } from './event-stream';
import type { Exchange } from './exchange';

it('what is streamed is left when nothing can be written any more, whatever its source minds', async () => {
  let isLeft = false;
  const items: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ value: 1, done: false }),
      return: () => {
        isLeft = true;
        return Promise.resolve({ value: undefined, done: true });
      },
    }),
  };
  const outlet = { beginEvents: () => undefined, event: () => Promise.reject(new Error('gone')) };
  const exchange = { outlet, signal: new AbortController().signal } as unknown as Exchange;
  const options = { clock: new FakeClock(), encode: String, onBegin: () => undefined };
  await expect(sendEvents(exchange, items, options)).rejects.toThrow('gone');
  expect(isLeft).toBe(true);
});
