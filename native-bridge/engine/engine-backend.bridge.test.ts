import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatCompletion, ChatCompletionChunk, TextCompletion } from '../../src/client/types';
import { rejection } from '../../src/client/testing/rejection';
import { DEFAULT_HOST_TIMEOUTS } from '../../src/protocol/timeouts';
import { answerOf, askHost } from '../testing/ask-host';
import { engineOf, NATIVE, openBackend, PAGE } from '../testing/open-backend';
import { enginesOf, isRunning } from '../testing/processes';
import { zooStore, type ZooStore } from '../testing/zoo-store';
import { eventually } from '../../test/support/eventually';

let zoo: ZooStore;
beforeAll(async () => {
  zoo = await zooStore(['llama-yarn', 'granite', 'nomic-bert']);
});
afterAll(() => zoo.remove());

const MODEL = 'llama-yarn.gguf';
const body = { model: MODEL, prompt: [1, 2, 3, 4], max_tokens: 8, temperature: 0 };
/** Goes on for as long as the context allows. */
const long = { ...body, max_tokens: undefined, stream: true, logit_bias: { 2: -100 } };

describe('the backend of engine processes', () => {
  it('loads what is asked for, answers whole and in pieces, and names the device', async () => {
    const { backend, log } = await openBackend(zoo);
    expect(backend.state()).toEqual({ status: 'idle' });
    expect(Object.fromEntries((await backend.models()).map(({ id, isLoaded }) => [id, isLoaded]))).toEqual({
      'granite.gguf': false,
      'llama-yarn.gguf': false,
      'nomic-bert.gguf': false,
    });
    const asked = backend.complete(body, NATIVE);
    await eventually(() => expect(backend.state()).toMatchObject({ status: 'loading', model: MODEL }), {
      intervalMs: 5,
    });
    const whole = (await asked) as TextCompletion;
    expect(whole).toMatchObject({ object: 'text_completion', usage: { completion_tokens: 8 } });
    expect(backend.metrics()['engine_tokens_total']).toBe(8);
    expect(backend.state()).toEqual({ status: 'ready', model: MODEL, device: 'reference: CPU reference' });
    expect((await backend.models()).find(({ isLoaded }) => isLoaded)).toMatchObject({
      id: MODEL,
      sha256: zoo.hashes['llama-yarn'],
    });

    const chunks: TextCompletion[] = [];
    const stream = await backend.complete({ ...body, model: undefined, stream: true }, PAGE);
    for await (const chunk of stream as AsyncIterable<TextCompletion>) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe(whole.choices[0]?.text);

    const chat = {
      model: `sha256:${zoo.hashes['llama-yarn']}`,
      messages: [{ role: 'user', content: 'a' }],
      max_tokens: 4,
    };
    expect((await backend.chat(chat, PAGE)) as ChatCompletion).toMatchObject({ object: 'chat.completion' });
    const chatChunks: ChatCompletionChunk[] = [];
    const chatStream = await backend.chat({ ...chat, stream: true }, NATIVE);
    for await (const chunk of chatStream as AsyncIterable<ChatCompletionChunk>) chatChunks.push(chunk);
    expect(chatChunks.at(-1)?.choices[0]?.finish_reason).toMatch(/length|stop/);
    expect(backend.metrics()).toMatchObject({
      engine_loads_total: 1,
      engine_requests_total: 4,
      engine_requests_live: 0,
    });
    expect(log).toEqual([expect.stringMatching(/^bridge: an engine process was started, with the number \d+$/)]);
  });

  it('takes another model when nothing runs, and says that it is busy while something does', async () => {
    const { backend } = await openBackend(zoo);
    const abort = new AbortController();
    const stream = (await backend.complete(long, { ...NATIVE, signal: abort.signal })) as AsyncIterable<TextCompletion>;
    const [first] = await enginesOf(process.pid);
    const refused = await rejection(backend.complete({ ...body, model: 'granite.gguf' }, NATIVE));
    expect(refused).toMatchObject({ code: 'busy', param: 'model' });
    expect((refused as Error).message).toContain('llama-yarn.gguf answers 1 requests');
    expect(await backend.unload()).toBe(false);
    const begun = (await stream[Symbol.asyncIterator]().next()) as IteratorResult<TextCompletion, never>;
    abort.abort();
    await rejection(
      (async () => {
        for await (const _ of stream);
      })(),
    );
    await eventually(() => expect(backend.metrics()['engine_requests_live']).toBe(0));

    expect(await backend.embed({ model: 'nomic-bert.gguf', input: ['a', 'b'] }, NATIVE)).toMatchObject({
      object: 'list',
      data: [{ index: 0 }, { index: 1 }],
    });
    const engines = await enginesOf(process.pid);
    expect(engines.length).toBe(1);
    expect(engines).not.toContain(first);
    // Whoever has left takes no model off the device.
    const leaving = new AbortController();
    const left = rejection(backend.complete(body, { ...NATIVE, signal: leaving.signal }));
    leaving.abort();
    expect([await left, await enginesOf(process.pid)]).toMatchObject([{ name: 'AbortError' }, engines]);
    expect(await backend.unload()).toBe(true);
    expect(backend.state()).toEqual({ status: 'idle' });
    expect(await enginesOf(process.pid)).toEqual([]);
    // Another engine's answers are other answers.
    const later = (await backend.complete({ ...body, max_tokens: 1 }, NATIVE)) as TextCompletion;
    expect([begun.value.id, later.id]).toEqual(['cmpl-1', expect.stringMatching(/^cmpl-[2-9]$/)]);
  });

  it('lets native callers name files, beginnings of hashes and addresses, and pages hashes alone', async () => {
    const { backend } = await openBackend(zoo);
    const hash = zoo.hashes['llama-yarn'] ?? '';
    for (const model of [MODEL, `https://models.test/${MODEL}`, hash.slice(0, 10), `sha256:${hash.slice(0, 12)}`]) {
      expect((await backend.engine(model, NATIVE)).info.model.sha256).toBe(hash);
    }
    expect(backend.metrics()['engine_loads_total']).toBe(1);
    for (const model of ['granite.gguf', 'https://models.test/granite.gguf', zoo.hashes['granite'] ?? '']) {
      expect(await rejection(backend.engine(model, PAGE))).toMatchObject({ code: 'invalid-request', param: 'model' });
    }
    expect(await rejection(backend.engine('/etc/passwd', NATIVE))).toMatchObject({ code: 'invalid-request' });
    expect(await rejection(backend.complete({ ...body, temperature: 'hot' }, NATIVE))).toMatchObject({
      code: 'invalid-request',
      param: 'temperature',
    });
    expect((await backend.engine(MODEL, PAGE)).info.model.sha256).toBe(hash);
  });

  it('tells whether a model fits, by its header and what would be free, and loads nothing for that', async () => {
    const { backend, log } = await openBackend(zoo);
    const before = await backend.checkFit(MODEL, NATIVE);
    expect(before).toMatchObject({ verdict: 'fits', sizeBytes: expect.any(Number) as number });
    expect(before.memoryBudgetBytes).toBeGreaterThan(2 ** 20);
    expect([backend.state(), log]).toEqual([{ status: 'idle' }, []]);
    const { info, host } = await backend.engine(MODEL, NATIVE);
    const stats = await host.stats();
    const needBytes = before.weightBytes + before.kvBytes + before.scratchBytes;
    expect(stats.ok && stats.value.gpuBytes).toBeGreaterThan(before.weightBytes);
    expect(stats.ok && stats.value.gpuBytes).toBeLessThanOrEqual(needBytes); // the kernels that need the most are counted
    expect(info.model.contextLength).toBe(before.contextLength);
    expect(await rejection(backend.checkFit('granite.gguf', PAGE))).toMatchObject({ param: 'model' });
    const stopped = new AbortController();
    const asked = backend.checkFit(MODEL, { ...NATIVE, signal: stopped.signal });
    stopped.abort();
    expect(await rejection(asked)).toMatchObject({ name: 'AbortError' });
    expect(backend.metrics()['engine_loads_total']).toBe(1);
  });

  it('ends a load that nobody waits for any more, with its process, and begins anew for the next', async () => {
    const { backend, log } = await openBackend(zoo);
    const abort = new AbortController();
    const left = rejection(backend.engine(MODEL, { ...NATIVE, signal: abort.signal }));
    // Soon enough: a load of so small a model is over a moment later.
    await eventually(() => expect(engineOf(log)).toBeGreaterThan(0), { intervalMs: 5 });
    const first = engineOf(log);
    abort.abort();
    expect(await left).toMatchObject({ name: 'AbortError' });
    expect(backend.state()).toEqual({ status: 'idle' });
    const { info } = await backend.engine(MODEL, NATIVE);
    expect(info.model.sha256).toBe(zoo.hashes['llama-yarn']);
    expect(engineOf(log)).not.toBe(first);
    expect(await isRunning(first)).toBe(false);
  });

  it('lends its engine to several, each with numbers of its own', async () => {
    const { backend } = await openBackend(zoo);
    const [one, two] = [await backend.engine(MODEL, NATIVE), await backend.engine(MODEL, NATIVE)];
    const request = { kind: 'completion', body } as const;
    const answers = await Promise.all([askHost(one.host, 1, request), askHost(two.host, 1, request)]);
    expect(answers.map((events) => [...new Set(events.map(({ requestId }) => requestId))])).toEqual([[1], [1]]);
    expect(answerOf(answers[0])).toEqual(answerOf(answers[1]));
    const logits = (await askHost(one.host, 2, { kind: 'evaluate', ids: [1, 2], positions: 'all' })).filter(
      (event) => event.type === 'logits',
    );
    expect(logits.map((event) => event.logits.length)).toEqual(Array(2).fill(one.info.model.vocabularySize));
    await backend.close();
    expect(await askHost(one.host, 3, request)).toMatchObject([
      { outcome: { kind: 'failed', error: { code: 'closed' } } },
    ]);
  });

  it('ends everything with `closed` when it is closed, and its process', async () => {
    const { backend } = await openBackend(zoo);
    const stream = (await backend.complete(long, NATIVE)) as AsyncIterable<TextCompletion>;
    const startedAt = performance.now();
    const read = rejection(
      (async () => {
        for await (const _ of stream);
      })(),
    );
    await backend.close();
    // The process was asked, and ended by itself.
    expect(performance.now() - startedAt).toBeLessThan(DEFAULT_HOST_TIMEOUTS.killMs);
    expect(await read).toMatchObject({ code: 'closed' });
    expect(await enginesOf(process.pid)).toEqual([]);
    expect(await rejection(backend.complete(body, NATIVE))).toMatchObject({ code: 'closed' });
  });

  it('says why a device cannot be had, and tries again when it is asked again', async () => {
    const { backend } = await openBackend(zoo, {
      start: { device: 'hip', modelsFolder: zoo.modelsFolder, stateFolder: zoo.stateFolder },
    });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await rejection(backend.complete(body, NATIVE))).toMatchObject({
        code: expect.stringMatching(/no-adapter|missing-feature/) as string,
      });
      expect(backend.state()).toMatchObject({ status: 'failed' });
    }
  });
});
