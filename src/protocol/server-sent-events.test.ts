import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverSentEvents, ServerSentEventReader, type ServerSentEvent } from './server-sent-events';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): ServerSentEvent[] => new ServerSentEventReader().push(bytesOf(text));
const message = (data: string): ServerSentEvent => ({ type: 'message', data });

describe('a reader of server-sent events', () => {
  it.each([
    ['data: a\n\n', [message('a')]],
    ['data:a\n\n', [message('a')]],
    ['data:  a \n\n', [message(' a ')]],
    ['data: a\r\n\r\ndata: b\r\n\r\n', [message('a'), message('b')]],
    ['data: a\r\rdata: b\r\r', [message('a'), message('b')]],
    ['data: a\ndata:\ndata: b\n\n', [message('a\n\nb')]],
    ['data\n\n', [message('')]],
    [': still here\n\n: again\ndata: a\n\n', [message('a')]],
    ['event: x\ndata: a\n\ndata: b\n\n', [{ type: 'x', data: 'a' }, message('b')]],
    ['event: x\n\ndata: b\n\n', [message('b')]],
    ['id: 1\nretry: 5\nDATA: no\ndata : no\ndata: a:b\n\n', [message('a:b')]],
    ['\uFEFFdata: a\n\n', [message('a')]],
    ['\n\n\ndata: [DONE]', []],
  ])('of %j finds %j', (text, events) => {
    expect(read(text)).toEqual(events);
  });

  it('finds the same wherever the stream is cut, in a character or between CR and LF', () => {
    const parts = ['data: ', 'é😀漢', 'event: t', ':c', '\r\n', '\n', '\r', ' ', 'data', 'x'];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...parts), { maxLength: 40 }),
        fc.array(fc.nat({ max: 200 }), { maxLength: 12 }),
        (texts, cuts) => {
          const bytes = bytesOf(texts.join(''));
          const reader = new ServerSentEventReader();
          const ends = [...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
          const events = ends.flatMap((end, i) => reader.push(bytes.subarray(i === 0 ? 0 : ends[i - 1], end)));
          expect(events).toEqual(read(texts.join('')));
        },
      ),
      { seed: 9, numRuns: 200 },
    );
  });

  it.each([['data: ' + 'a'.repeat(20)], ['data: 1234\ndata: 5678\ndata: 9\n'], [':' + 'c'.repeat(20)]])(
    'gives up %j, of which more than the limit would have to be kept',
    (text) => {
      const reader = new ServerSentEventReader(16);
      const pushEach = (): void => {
        for (const byte of bytesOf(text)) reader.push(Uint8Array.of(byte));
      };
      expect(pushEach).toThrow(expect.objectContaining({ code: 'network' }));
    },
  );

  it('keeps nothing of events that were given, and of comments', () => {
    const reader = new ServerSentEventReader(16);
    for (let i = 0; i < 10; i++) {
      expect(reader.push(bytesOf(': a comment\n'.repeat(5)))).toEqual([]);
      expect(reader.push(bytesOf('data: 12345678\n\n'))).toEqual([message('12345678')]);
    }
  });
});

describe('the events of a body', () => {
  it('come as they are sent, and leaving early cancels it', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(bytesOf('data: a\n\ndata: b\n\n')),
      cancel: () => void (cancelled = true),
    });
    const seen: string[] = [];
    for await (const { data } of serverSentEvents(body)) {
      seen.push(data);
      if (seen.length === 3) break;
    }
    expect([seen, cancelled]).toEqual([['a', 'b', 'a'], true]);
  });

  it('end with it, and fail with it', async () => {
    const whole = serverSentEvents(new Blob(['data: a\n\ndata: cut']).stream());
    expect([await whole.next(), await whole.next()]).toEqual([
      { value: message('a'), done: false },
      { value: undefined, done: true },
    ]);
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new TypeError('cut off')) });
    await expect(serverSentEvents(broken).next()).rejects.toThrow('cut off');
  });
});
