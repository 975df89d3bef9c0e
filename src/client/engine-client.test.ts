import { describe, expect, it } from 'vitest';
import { errorToData, ForgelightError } from '../base/errors';
import { tokenId } from '../base/ids';
import { connect, readAll } from './testing/connect';
import { rejection } from './testing/rejection';
import type { ChatBody, ChatCompletionChunk } from './types';

const messages = [{ role: 'user', content: 'hi' }] as const;
const abortError = expect.objectContaining({ name: 'AbortError' });
describe('chat.completions.create, streaming', () => {
  it('gives role, deltas, the rest with the finish reason, and the usage', async () => {
    const { host, engine } = connect();
    const creating = engine.chat.completions.create({
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const request = await host.arrival();
    expect(request.request).toEqual({
      kind: 'chat',
      body: { messages, stream: true, stream_options: { include_usage: true } },
    });
    request.accept();
    request.token('Hel');
    request.token('');
    request.token('lo');
    request.end({ kind: 'stop' }, '!');
    const chunks = await readAll(await creating);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '' },
      { content: 'Hel' },
      { content: 'lo' },
      { content: '!' },
      {},
      undefined,
    ]);
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([null, null, null, null, 'stop', undefined]);
    expect(chunks.map((chunk) => chunk.timings?.predicted_n)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      2,
      undefined,
    ]);
    expect(chunks.slice(0, 5).every((chunk) => chunk.usage === null)).toBe(true);
    expect(chunks[5]?.usage).toEqual({
      prompt_tokens: 3,
      completion_tokens: 2,
      total_tokens: 5,
      prompt_tokens_details: { cached_tokens: 1 },
    });
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: 'chatcmpl-1',
        object: 'chat.completion.chunk',
        model: 'letters',
        system_fingerprint: 'fp_test',
      });
      expect(Math.abs(chunk.created - Date.now() / 1000)).toBeLessThan(60);
    }
    expect(host.cancelled).toEqual([]);
  });

  it('puts logprobs in order, with texts asked for once', async () => {
    const { host, engine } = connect();
    const creating = engine.chat.completions.create({ messages, stream: true, logprobs: true, top_logprobs: 2 });
    const request = await host.arrival();
    request.accept();
    const top = [
      { tokenId: tokenId(2), logprob: -0.5 },
      { tokenId: tokenId(3), logprob: -Infinity },
      { tokenId: tokenId(3), logprob: -Infinity, bytes: [0xe2, 0x82] },
    ];
    request.token('', { tokenId: tokenId(2), logprob: -0.5, top });
    request.token('b', { tokenId: tokenId(2), logprob: -0.5, top });
    request.end({ kind: 'length' });
    const chunks = await readAll(await creating);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content)).toEqual(['', '', 'b', undefined]);
    expect(chunks[1]?.choices[0]?.logprobs).toEqual({
      content: [
        {
          token: '<2>',
          logprob: -0.5,
          bytes: [60, 50, 62],
          top_logprobs: [
            { token: '<2>', logprob: -0.5, bytes: [60, 50, 62] },
            { token: '\uFFFD', logprob: -9999, bytes: null },
            { token: '\uFFFD', logprob: -9999, bytes: [0xe2, 0x82] },
          ],
        },
      ],
    });
    expect(host.detokenized).toBe(2);
  });

  it('cancels when the loop is left, and only once', async () => {
    const { host, engine } = connect();
    const creating = engine.chat.completions.create({ messages, stream: true });
    const request = await host.arrival();
    request.accept();
    request.token('a');
    for await (const chunk of await creating) if (chunk.choices[0]?.delta.content === 'a') break;
    await host.cancellation();
    expect(host.cancelled).toEqual([1]);
  });

  it('cancels when the reader leaves before the first chunk or while one is awaited', async () => {
    for (const reads of [0, 2]) {
      const { host, engine } = connect();
      const creating = engine.chat.completions.create({ messages, stream: true });
      (await host.arrival()).accept();
      const iterator = (await creating)[Symbol.asyncIterator]();
      const pending = Array.from({ length: reads }, () => iterator.next());
      await iterator.return?.();
      await host.cancellation();
      expect((await Promise.all(pending)).at(-1)?.done ?? true).toBe(true);
    }
  });
});

describe('chat.completions.create, whole', () => {
  it('collects the answer', async () => {
    const { host, engine } = connect();
    const creating = engine.chat.completions.create({ messages, user: 'ada', metadata: { f: () => 1 }, seed: 5 });
    const request = await host.arrival();
    expect(request.request).toEqual({ kind: 'chat', body: { messages, seed: 5 } });
    request.accept();
    request.token('Hel');
    request.token('lo');
    request.end({ kind: 'length' }, '\uFFFD');
    expect(await creating).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'letters',
      system_fingerprint: 'fp_test',
      device: { kind: 'reference', name: 'none' },
      choices: [
        { index: 0, message: { role: 'assistant', content: 'Hello\uFFFD' }, logprobs: null, finish_reason: 'length' },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, prompt_tokens_details: { cached_tokens: 1 } },
      timings: expect.objectContaining({ prompt_n: 3, cache_n: 1 }),
    });
  });

  it('sends bodies that are proxies', async () => {
    const { host, engine } = connect();
    const body: ChatBody = new Proxy({ messages: [new Proxy({ role: 'user', content: 'hi' }, {})] }, {});
    const creating = engine.chat.completions.create({ ...body, stream: false });
    const request = await host.arrival();
    expect(request.request).toEqual({ kind: 'chat', body: { messages, stream: false } });
    request.accept();
    request.end({ kind: 'stop' });
    expect((await creating).choices[0]?.message.content).toBe('');
  });

  it('refuses bad bodies without asking the host', async () => {
    const { host, engine } = connect();
    await expect(engine.chat.completions.create({ messages, temperature: 3 })).rejects.toMatchObject({
      param: 'temperature',
    });
    await expect(engine.completions.create({ prompt: [] })).rejects.toMatchObject({ param: 'prompt' });
    await expect(engine.evaluate([])).rejects.toMatchObject({ param: 'ids' });
    await expect(engine.tokenize(5 as unknown as string)).rejects.toMatchObject({ param: 'text' });
    await expect(engine.detokenize([-1])).rejects.toMatchObject({ param: 'ids[0]' });
    expect(host.submitted).toBe(0);
  });
});

describe('outcomes that are no answers', () => {
  it.each([
    ['refused before it is accepted', false],
    ['failed later', true],
  ])('restores the error of a request that is %s', async (_name, accepted) => {
    const { host, engine } = connect();
    const creating = engine.chat.completions.create({ messages });
    const request = await host.arrival();
    if (accepted) request.accept();
    request.end({
      kind: 'failed',
      error: errorToData(new ForgelightError('busy', 'Too many.', { param: 'x' }), 'busy'),
    });
    const error: unknown = await creating.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ForgelightError);
    expect(error).toMatchObject({ code: 'busy', message: 'Too many.', param: 'x', requestId: 1 });
  });

  it('refuses to begin a stream that was not accepted', async () => {
    const { host, engine } = connect();
    const creating = engine.chat.completions.create({ messages, stream: true });
    (await host.arrival()).end({ kind: 'failed', error: { code: 'context-overflow', message: 'too long' } });
    await expect(creating).rejects.toMatchObject({ code: 'context-overflow' });
  });

  it('delivers what came before a failure, then rejects', async () => {
    const { host, engine } = connect();
    const creating = engine.chat.completions.create({ messages, stream: true });
    const request = await host.arrival();
    request.accept();
    request.token('a');
    request.end({ kind: 'timed_out' });
    const seen: ChatCompletionChunk[] = [];
    const reading = (async () => {
      for await (const chunk of await creating) seen.push(chunk);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'timeout', requestId: 1 });
    expect(seen).toHaveLength(2);
  });

  it('tells the waiter of a cancelled request by AbortError', async () => {
    const { host, engine } = connect();
    const creating = engine.chat.completions.create({ messages });
    (await host.arrival()).accept();
    const settled = rejection(creating);
    expect(await engine.cancel('chatcmpl-1')).toBe(true);
    expect(await settled).toEqual(abortError);
    expect(await engine.cancel(1)).toBe(false);
    await expect(engine.cancel('chat-1')).rejects.toMatchObject({ code: 'invalid-request', param: 'requestId' });
    await expect(engine.cancel(NaN)).rejects.toMatchObject({ code: 'invalid-request', param: 'requestId' });
  });
});

describe('completions.create', () => {
  it('streams text with its offsets', async () => {
    const { host, engine } = connect();
    const creating = engine.completions.create({ prompt: [1, 2], stream: true, logprobs: 1 });
    const request = await host.arrival();
    expect(request.request).toEqual({ kind: 'completion', body: { prompt: [1, 2], stream: true, logprobs: 1 } });
    request.accept();
    const logprob = { tokenId: tokenId(2), logprob: -1, top: [{ tokenId: tokenId(1), logprob: -0.5 }] };
    request.token('a', logprob);
    request.token('b', logprob);
    request.end({ kind: 'stop' }, 'c');
    const chunks = await readAll(await creating);
    expect(chunks.map((chunk) => chunk.choices[0]?.text)).toEqual(['a', 'b', 'c']);
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([null, null, 'stop']);
    expect(chunks[1]?.choices[0]?.logprobs).toEqual({
      tokens: ['<2>'],
      token_logprobs: [-1],
      top_logprobs: [{ '<1>': -0.5 }],
      text_offset: [3],
    });
    expect(chunks[0]).toMatchObject({ id: 'cmpl-1', object: 'text_completion' });
    expect(chunks[2]?.timings?.predicted_n).toBe(2);
  });

  it('collects the answer', async () => {
    const { host, engine } = connect();
    const creating = engine.completions.create({ prompt: 'x' });
    const request = await host.arrival();
    request.accept();
    request.token('a');
    request.end({ kind: 'stop' });
    expect(await creating).toMatchObject({
      id: 'cmpl-1',
      choices: [{ index: 0, text: 'a', logprobs: null, finish_reason: 'stop' }],
      usage: { total_tokens: 5 },
    });
  });
});

describe('evaluate', () => {
  it.each([
    ['last', [4, 5, 6, 7]],
    [
      [2, 0, 2],
      [4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7],
    ],
  ] as const)('puts the logits at %j into the order that was asked for', async (positions, expected) => {
    const { host, engine } = connect();
    const evaluating = engine.evaluate([9, 8, 7], { positions });
    const request = await host.arrival();
    expect(request.request).toEqual({ kind: 'evaluate', ids: [9, 8, 7], positions });
    request.accept();
    if (positions !== 'last') request.logits(0, [0, 1, 2, 3]);
    request.logits(2, [4, 5, 6, 7]);
    request.end({ kind: 'stop' });
    expect([...(await evaluating)]).toEqual(expected);
  });
});

describe('on', () => {
  it.each([
    ['token', () => undefined, 'type', /^type must be "state" or .*"unloaded", got "token"/],
    ['toString', () => undefined, 'type', /^type must be "state"/],
    ['state', undefined, 'listener', /^listener must be a function, got undefined/],
  ])('refuses %j and what could never be called', (type, listener, param, message) => {
    const { engine } = connect();
    const failure = { code: 'invalid-request', param, message: expect.stringMatching(message) };
    expect(() => engine.on(type as 'state', listener as () => void)).toThrow(expect.objectContaining(failure));
  });
});

describe('calls', () => {
  it('cross with their defaults and their errors', async () => {
    const { engine } = connect();
    expect(await engine.tokenize('a')).toEqual([1, 97]);
    expect(await engine.tokenize('a', { addSpecial: false })).toEqual([97]);
    expect(await engine.detokenize([1, 2])).toBe('<1><2>');
    await expect(engine.snapshot()).rejects.toBeInstanceOf(ForgelightError);
    await expect(engine.snapshot()).rejects.toMatchObject({ code: 'device-lost', message: 'the device is lost' });
  });
});
