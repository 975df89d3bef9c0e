import { describe, expect, it } from 'vitest';
import { collectGarbage, garbageCollected } from '../../test/support/collect-garbage';
import { connect, readAll } from './testing/connect';
import { rejection } from './testing/rejection';
import { eventually } from '../../test/support/eventually';

const messages = [{ role: 'user', content: 'hi' }] as const;
const abortError = expect.objectContaining({ name: 'AbortError' });

describe('AbortSignal', () => {
  it('rejects at once, without submitting, when it has fired', async () => {
    const { host, engine } = connect();
    const signal = AbortSignal.abort();
    await expect(engine.chat.completions.create({ messages }, { signal })).rejects.toEqual(abortError);
    await expect(engine.completions.create({ prompt: 'a', stream: true }, { signal })).rejects.toEqual(abortError);
    await expect(engine.evaluate([1], { signal })).rejects.toEqual(abortError);
    expect(await engine.tokenize('')).toEqual([1]); // the host has by now read whatever was sent before
    expect(host.submitted).toBe(0);
  });

  it.each([['queued'], ['prefilling'], ['decoding']])('ends a request that is %s', async (phase) => {
    const { host, engine } = connect();
    const controller = new AbortController();
    const creating = engine.chat.completions.create({ messages }, { signal: controller.signal });
    const settled = rejection(creating);
    const request = await host.arrival();
    if (phase !== 'queued') request.accept();
    if (phase === 'decoding') request.token('a');
    controller.abort('the user left');
    expect(await settled).toEqual(abortError);
    await host.cancellation();
    expect(host.cancelled).toEqual([1]);
  });

  it.each([[false], [true]])(
    'rejects in the middle of a stream, dropping what was not read (all had come: %s)',
    async (ended) => {
      const { host, engine } = connect();
      const controller = new AbortController();
      const creating = engine.chat.completions.create({ messages, stream: true }, { signal: controller.signal });
      const request = await host.arrival();
      request.accept();
      for (const letter of 'abcdef') request.token(letter);
      if (ended) request.end({ kind: 'stop' });
      const stream = await creating;
      await engine.tokenize(''); // by now all events have come
      const seen: string[] = [];
      const reading = (async () => {
        for await (const chunk of stream) {
          seen.push(chunk.choices[0]?.delta.content ?? '');
          if (seen.length === 3) controller.abort();
        }
      })();
      await expect(reading).rejects.toEqual(abortError);
      expect(seen).toEqual(['', 'a', 'b']);
      if (!ended) await host.cancellation();
    },
  );

  it('drops what came with the chunk at which it fired, and what came before the first', async () => {
    for (const reads of [0, 1, 2]) {
      const { host, engine } = connect();
      const controller = new AbortController();
      const body = { messages, stream: true, stream_options: { include_usage: true } } as const;
      const creating = engine.chat.completions.create(body, { signal: controller.signal });
      const request = await host.arrival();
      request.accept();
      request.end({ kind: 'stop' }, 'all'); // three chunks: the text, the reason, the usage
      const iterator = (await creating)[Symbol.asyncIterator]();
      for (let read = 0; read < reads; read++) await iterator.next();
      controller.abort();
      await expect(iterator.next()).rejects.toEqual(abortError);
    }
  });

  it('keeps the reason of a timeout signal, as fetch does', async () => {
    const { host, engine } = connect();
    const controller = new AbortController();
    const creating = engine.evaluate([1], { signal: controller.signal });
    const settled = rejection(creating);
    await host.arrival();
    controller.abort(new DOMException('too late', 'TimeoutError'));
    expect(await settled).toMatchObject({ name: 'TimeoutError' });
  });
});

describe('close', () => {
  it('rejects what runs, what waits and what comes later, and ends the worker once', async () => {
    const { host, engine, disposed } = connect();
    const creating = engine.chat.completions.create({ messages, stream: true });
    const request = await host.arrival();
    request.accept();
    request.token('a');
    const stream = await creating;
    const closed = expect.objectContaining({ name: 'ForgelightError', code: 'closed' });
    const waiting = [
      rejection(readAll(stream)),
      rejection(engine.chat.completions.create({ messages })),
      rejection(engine.stats()),
    ];
    await Promise.all([engine.close(), engine.close()]);
    expect(await Promise.all(waiting)).toEqual([closed, closed, closed]);
    for (const call of [
      () => engine.chat.completions.create({ messages }),
      () => engine.completions.create({ prompt: 'a' }),
      () => engine.evaluate([1]),
      () => engine.tokenize('a'),
      () => engine.detokenize([]),
      () => engine.snapshot(),
      () => engine.stats(),
      () => engine.cancel(1),
    ]) {
      await expect(call()).rejects.toEqual(closed);
    }
    expect(host.calls).toEqual(['close']);
    expect(disposed()).toBe(1);
  });
});

describe('a reader', () => {
  it('tells the host of each event that it takes, and of no other', async () => {
    const { host, engine } = connect();
    const creating = engine.completions.create({ prompt: [1], stream: true });
    const request = await host.arrival();
    request.accept();
    for (const letter of 'abc') request.token(letter);
    const iterator = (await creating)[Symbol.asyncIterator]();
    const asked = async (): Promise<number> => {
      await engine.tokenize(''); // by now the host has read what was sent before
      return request.asked;
    };
    expect(await asked()).toBe(1); // `accepted`, which `create` takes
    await iterator.next();
    expect(await asked()).toBe(2);
    await iterator.next();
    await iterator.next();
    expect(await asked()).toBe(4);
    const waiting = iterator.next(); // for what has not come yet
    expect(await asked()).toBe(5);
    request.token('d');
    await waiting;
    expect(await asked()).toBe(5);
    await iterator.return?.();
  });

  it('that is gone ends its request, and one that waits for a chunk is not gone', async () => {
    const { host, engine } = connect();
    const read = async (): Promise<unknown> => {
      const stream = await engine.completions.create({ prompt: [1], stream: true });
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      return iterator.next();
    };
    const second = read();
    const request = await host.arrival();
    request.accept();
    request.token('a');
    while (request.asked < 3) await engine.tokenize(''); // it waits for what has not come
    await garbageCollected();
    expect(host.cancelled).toEqual([]);
    request.token('b');
    expect(await second).toMatchObject({ value: { choices: [{ text: 'b' }] } });
    await eventually(() => {
      collectGarbage();
      expect(host.cancelled).toEqual([1]);
    });
  });
});
