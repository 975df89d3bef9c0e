import { afterEach, describe, expect, it } from 'vitest';
import { collectGarbage, garbageCollected } from '../../../test/support/collect-garbage';
import { parseEngineOptions } from '../../protocol/engine-options-schema';
import { createEngineIn } from '../create-engine';
import { FakeScope } from '../testing/fake-worker';
import { rejection } from '../testing/rejection';
import type { ChatCompletionChunk, Engine, EngineOptions } from '../types';
import { FakeUpstream, MODEL } from './testing/fake-upstream';
import { BRIDGE_URL, TOKEN } from './testing/fake-bridge';
import { eventually } from '../../../test/support/eventually';

const messages = [{ role: 'user', content: 'hi' }] as const;
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

interface Setup {
  readonly bridge: FakeUpstream;
  readonly create: (options?: Partial<EngineOptions>) => Promise<Engine>;
}

function setUp(): Setup {
  const bridge = new FakeUpstream();
  const scope = new FakeScope();
  ends.push(() => scope.worker.terminate());
  const create = async (options: Partial<EngineOptions> = {}): Promise<Engine> => {
    const usual = { model: MODEL, device: 'bridge', bridgeUrl: BRIDGE_URL, bridgeToken: TOKEN };
    const engine = await createEngineIn(scope, parseEngineOptions({ ...usual, ...options }), bridge);
    ends.push(() => void engine.close());
    expect(scope.started).toEqual([]);
    return engine;
  };
  return { bridge, create };
}

function chunk(content: string | null, more: object = {}): object {
  const choice = { index: 0, delta: { role: 'assistant', content }, finish_reason: null, ...more };
  return { id: 'chatcmpl-abc', object: 'chat.completion.chunk', model: MODEL, choices: [choice] };
}

async function readAll(stream: AsyncIterable<ChatCompletionChunk>): Promise<ChatCompletionChunk[]> {
  const chunks: ChatCompletionChunk[] = [];
  for await (const one of stream) chunks.push(one);
  return chunks;
}

const textOf = (chunks: readonly ChatCompletionChunk[]): string =>
  chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');

describe('an engine of a bridge that passes requests on', () => {
  it('says what is known, and no more', async () => {
    const { create } = setUp();
    const phases: string[] = [];
    const engine = await create({ contextLength: 64, onProgress: ({ phase }) => phases.push(phase) });
    expect(engine.info).toEqual({
      model: {
        ...{ name: MODEL, architecture: '', quantisation: '', sizeBytes: 0, sha256: '' },
        ...{ contextLength: 0, vocabularySize: 0 },
      },
      device: { kind: 'upstream', name: 'http://127.0.0.1:9999', features: [] },
      notes: ['The bridge has its own settings: contextLength was not used.'],
      systemFingerprint: '',
      kvCacheTokens: 0,
    });
    expect(phases).toEqual(['ready']);
    const missing = { code: 'missing-feature', message: expect.stringContaining('no tokens') };
    await expect(engine.tokenize('x')).rejects.toMatchObject(missing);
    await expect(engine.detokenize([1])).rejects.toMatchObject(missing);
    await expect(engine.evaluate([1])).rejects.toMatchObject(missing);
    await expect(engine.use('webgpu')).rejects.toMatchObject({ code: 'invalid-request' });
    expect(await engine.stats()).toMatchObject({ gpuBytes: 0, generatedTokens: 0 });
  });

  it.each<[string, Partial<EngineOptions>, RegExp]>([
    ['a model that it does not list', { model: 'other' }, /“other”.* It has: large, small/],
    ['a file', { model: new File([], 'x.gguf') }, /no files/],
  ])('refuses %s', async (_, options, words) => {
    const { bridge, create } = setUp();
    bridge.models = ['large', 'small'];
    expect(await rejection(create(options))).toMatchObject({
      ...{ code: 'invalid-request', param: 'model' },
      message: expect.stringMatching(words),
    });
  });

  it('streams what the server writes, and who wrote it', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const creating = engine.chat.completions.create({ messages, stream: true, temperature: 0 });
    const request = await bridge.arrival();
    expect([request.path, request.body]).toEqual([
      '/v1/chat/completions',
      { messages, stream: true, temperature: 0, model: MODEL },
    ]);
    request.frame({ ...chunk(null), device: 'upstream: http://127.0.0.1:9999 (hip: Radeon)' });
    request.frame({ object: 'ping' });
    request.frame(chunk('Hel'));
    request.frame({ ...chunk('lo', { finish_reason: 'eos' }), timings: { prompt_n: 1 } });
    request.frame({ ...chunk(''), choices: [], usage: { total_tokens: 3 } });
    request.done();
    const chunks = await readAll(await creating);
    expect(textOf(chunks)).toBe('Hello');
    expect(chunks.map(({ device }) => device?.name)).toEqual([
      'http://127.0.0.1:9999 (hip: Radeon)',
      ...Array.from({ length: 3 }, () => 'http://127.0.0.1:9999'),
    ]);
    expect(chunks[2]?.choices[0]?.finish_reason).toBe('stop');
    // Half of the figures are none.
    expect(chunks.map(({ timings }) => timings)).toEqual([undefined, undefined, undefined, undefined]);
    expect(chunks[3]).toMatchObject({ id: 'chatcmpl-abc', usage: { total_tokens: 3 } });
  });

  it('answers whole, completes, and embeds', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const timings = { prompt_n: 1, prompt_ms: 1, prompt_per_second: 1, predicted_n: 1, predicted_ms: 1 };
    const whole = engine.chat.completions.create({ messages });
    const message = { role: 'assistant', content: 'Hello' };
    const choices = [{ index: 0, message, finish_reason: 'length' }];
    (await bridge.arrival()).json({ id: 'x', choices, timings: { ...timings, predicted_per_second: 2 } });
    expect(await whole).toMatchObject({
      choices: [{ message: { content: 'Hello' }, finish_reason: 'length', logprobs: null }],
      timings: { predicted_per_second: 2, cache_n: 0 },
      device: { kind: 'upstream' },
    });
    const completing = engine.completions.create({ prompt: 'a' });
    const request = await bridge.arrival();
    request.json({ id: 'y', choices: [{ index: 0, text: 'b', finish_reason: 'stop' }] });
    expect([request.path, (await completing).choices[0]?.text]).toEqual(['/v1/completions', 'b']);
    const embedding = engine.embeddings.create({ input: 'a' });
    (await bridge.arrival()).json({ object: 'list', data: [{ index: 0, embedding: [1] }], model: MODEL });
    expect((await embedding).data[0]?.embedding).toEqual([1]);
    const strange = rejection(engine.embeddings.create({ input: 'a' }));
    (await bridge.arrival()).json({ hello: 1 });
    expect(await strange).toMatchObject({ code: 'network' });
  });

  it('passes on what the daemon says of a failure, before an answer and in it', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const refused = rejection(engine.chat.completions.create({ messages, stream: true }));
    (await bridge.arrival()).json({ error: { code: 'context-overflow', message: 'Too long.' } }, 400);
    expect(await refused).toMatchObject({ code: 'context-overflow', message: 'Too long.', requestId: 1 });
    const creating = engine.chat.completions.create({ messages, stream: true });
    const request = await bridge.arrival();
    request.frame(chunk('one'));
    const reading = rejection(readAll(await creating));
    request.frame({ error: { code: 'network', message: 'Upstream is down.' } });
    expect(await reading).toMatchObject({ code: 'network', message: 'Upstream is down.' });
    expect((await engine.snapshot()).requests).toEqual([]);
  });

  it.each<[string, (engine: Engine, abort: AbortController) => unknown, object]>([
    ['its signal fires', (_, abort) => abort.abort(), { name: 'AbortError' }],
    ['it is cancelled by its number', (engine) => engine.cancel(1), { name: 'AbortError' }],
    ['it is cancelled by its id', (engine) => engine.cancel('chatcmpl-abc'), { name: 'AbortError' }],
    ['the engine is closed', (engine) => engine.close(), { code: 'closed' }],
  ])('ends a request there when %s', async (_, act, error) => {
    const { bridge, create } = setUp();
    const engine = await create();
    const abort = new AbortController();
    const creating = engine.chat.completions.create({ messages, stream: true }, abort);
    const request = await bridge.arrival();
    request.frame(chunk('one'));
    const stream = await creating;
    expect((await engine.snapshot()).requests).toMatchObject([{ id: 1, state: 'decoding' }]);
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    const reading = rejection(iterator.next());
    await act(engine, abort);
    expect(await reading).toMatchObject(error);
    expect(request.isOpen).toBe(false);
  });

  it('ends a request there when its reader leaves, or never comes, and has no more than four at once', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const begun = Array.from({ length: 6 }, () => engine.chat.completions.create({ messages, stream: true }));
    const requests = [];
    for (let index = 0; index < 4; index++) requests.push(await bridge.arrival());
    for (const request of requests) request.frame(chunk('x'));
    const streams = await Promise.all(begun.slice(0, 4));
    expect(bridge.waiting).toBe(0);
    await streams[0]?.[Symbol.asyncIterator]().return?.();
    expect(requests[0]?.isOpen).toBe(false);
    const fifth = await bridge.arrival();
    fifth.frame(chunk('y'));
    for await (const { choices } of (await begun[4]) ?? []) {
      expect(choices[0]?.delta.content).toBe('y');
      break;
    }
    expect(fifth.isOpen).toBe(false);
    (await bridge.arrival()).frame(chunk('z'));
    await begun[5];
    await engine.close();
    expect(bridge.open).toBe(0);
    await eventually(() => expect(bridge.clock.waiting).toBe(0)); // no watchdog is left behind
  });

  it('reads on by itself: an answer that has ended there holds no place, and is whole for who reads it later', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const streams = [];
    for (let index = 0; index < 4; index++) {
      const creating = engine.chat.completions.create({ messages, stream: true });
      const request = await bridge.arrival();
      request.frame(chunk('a'));
      streams.push(await creating);
      request.frame(chunk('b'));
      // Longer than a daemon may say nothing: it is the reader that says nothing here.
      for (let minute = 0; minute < 3; minute++) {
        await settled();
        bridge.clock.advance(40_000);
        request.frame(chunk('c'));
      }
      request.done();
    }
    const whole = engine.chat.completions.create({ messages });
    (await bridge.arrival()).json({ id: 'x', choices: [] });
    await whole;
    await eventually(async () => expect((await engine.snapshot()).requests).toEqual([]));
    for (const stream of streams) expect(textOf(await readAll(stream))).toBe('abccc');
  });

  it('tells a reader who comes late of the failure behind what had come, and one who aborts of nothing else', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const abort = new AbortController();
    const begin = async (): Promise<AsyncIterable<ChatCompletionChunk>> => {
      const creating = engine.chat.completions.create({ messages, stream: true }, abort);
      const request = await bridge.arrival();
      request.frame(chunk('one'));
      const stream = await creating;
      request.frame(chunk('two'));
      request.frame({ error: { code: 'network', message: 'Upstream is down.' } });
      return stream;
    };
    const late = (await begin())[Symbol.asyncIterator]();
    await eventually(async () => expect((await engine.snapshot()).requests).toEqual([]));
    const reads = [late.next(), late.next()]; // before either has come
    expect(textOf((await Promise.all(reads)).map(({ value }) => value as ChatCompletionChunk))).toBe('onetwo');
    expect(await rejection(late.next())).toMatchObject({ code: 'network' });
    const aborted = (await begin())[Symbol.asyncIterator]();
    await eventually(async () => expect((await engine.snapshot()).requests).toEqual([]));
    abort.abort();
    expect(await rejection(aborted.next())).toMatchObject({ name: 'AbortError' });
  });

  it('ends a request there when nobody holds its stream any more', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const drop = async (): Promise<void> => {
      const reading = (await engine.chat.completions.create({ messages, stream: true }))[Symbol.asyncIterator]();
      await reading.next();
    };
    const dropping = drop();
    const request = await bridge.arrival();
    request.frame(chunk('x', { finish_reason: 'stop' }));
    await dropping;
    await eventually(() => {
      collectGarbage();
      expect(request.isOpen).toBe(false);
    });
    expect((await engine.snapshot()).requests).toEqual([]);
  });

  it('gives the chunk that is waited for, also where nothing else holds the stream', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const second = engine.chat.completions.create({ messages, stream: true }).then(async (stream) => {
      const reading = stream[Symbol.asyncIterator]();
      await reading.next();
      return reading.next();
    });
    const request = await bridge.arrival();
    request.frame(chunk('a'));
    await garbageCollected();
    request.frame(chunk('b'));
    expect(textOf([(await second).value as ChatCompletionChunk])).toBe('b');
  });

  it.each<[string, (engine: Engine, abort: AbortController) => unknown]>([
    ['its signal fires', (_, abort) => abort.abort(new Error('enough'))],
    ['it is cancelled', (engine) => engine.cancel(5)],
  ])('lets a call go that waits for a connection when %s, and keeps none for it', async (_, act) => {
    const { bridge, create } = setUp();
    const engine = await create();
    const begun = Array.from({ length: 4 }, () => engine.chat.completions.create({ messages, stream: true }));
    const requests = [];
    for (let index = 0; index < 4; index++) requests.push(await bridge.arrival());
    const abort = new AbortController();
    const fifth = rejection(engine.chat.completions.create({ messages }, abort));
    const sixth = engine.chat.completions.create({ messages });
    await settled();
    await act(engine, abort);
    expect(await fifth).toMatchObject({ name: 'AbortError' });
    for (const request of requests) request.frame(chunk('x'));
    await Promise.all(begun);
    requests[0]?.done();
    (await bridge.arrival()).json({ id: 'x', choices: [] });
    await sixth;
  });
});

describe('the daemon of such an engine', () => {
  it('is gone when two looks in a row find nobody, and says so; its requests end with it', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const events: string[] = [];
    engine.on('state', ({ state, error }) => events.push(`${state} ${error?.code ?? ''}`));
    bridge.clock.advance(10_000);
    bridge.isReachable = false;
    await settled();
    bridge.clock.advance(10_000);
    await settled();
    bridge.isReachable = true; // one bad moment
    bridge.clock.advance(10_000);
    await settled();
    expect(events).toEqual([]);
    bridge.isReachable = false;
    for (let look = 0; look < 2; look++) {
      bridge.clock.advance(10_000);
      await settled();
    }
    expect(events).toEqual(['gone bridge-unreachable']);
    await expect(engine.chat.completions.create({ messages })).rejects.toMatchObject({ code: 'bridge-unreachable' });
    expect(bridge.clock.waiting).toBe(0);
  });

  it('is gone at once when a request has found nobody either', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const events: string[] = [];
    engine.on('state', ({ state }) => events.push(state));
    const creating = engine.chat.completions.create({ messages, stream: true });
    const request = await bridge.arrival();
    request.frame(chunk('one'));
    const reading = rejection(readAll(await creating));
    bridge.isReachable = false;
    request.break();
    expect(await reading).toMatchObject({ code: 'bridge-unreachable' });
    await eventually(() => expect(events).toEqual(['gone']));
  });

  it('ends it where it has forgotten the page, and is left in peace while nobody looks', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const events: string[] = [];
    engine.on('state', ({ error }) => events.push(error?.code ?? ''));
    bridge.sight.show(false);
    const count = bridge.looks;
    bridge.clock.advance(600_000);
    await settled();
    expect(bridge.looks).toBe(count);
    bridge.sight.show(true);
    bridge.isPaired = false;
    bridge.clock.advance(10_000);
    await eventually(() => expect(events).toEqual(['not-paired']));
  });
});

/** What was begun has been answered. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
