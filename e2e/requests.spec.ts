import { expect, test } from '@playwright/test';
import type { ChatBody, Engine } from '../src/client/types';
import { libraryUrl, openBlankPage, PLAIN_KERNELS } from './library';

/** A zoo model with a chat template: random weights, so it talks nonsense, for as many tokens as asked. */
const OPTIONS = {
  model: '/fixtures/zoo/smollm2.gguf',
  maxConcurrent: 2,
  maxQueued: 4,
  debug: { variants: PLAIN_KERNELS },
};

/** The loaded engine, kept in the page. */
declare const engine: Engine;

test.beforeEach(async ({ page }, info) => {
  await openBlankPage(page);
  await page.evaluate(
    async ({ library, options }) => {
      const { createEngine } = await import(library);
      Object.assign(globalThis, { engine: await createEngine(options) });
    },
    { library: libraryUrl(info.config.metadata), options: OPTIONS },
  );
});

test('chat streams, is reproducible by seed, and equals the answer in one piece', async ({ page }) => {
  const { whole, chunks, other } = await page.evaluate(async () => {
    const body = { messages: [{ role: 'user' as const, content: 'Hello' }], max_tokens: 24, seed: 7 };
    const whole = await engine.chat.completions.create(body);
    const chunks = [];
    const options = { include_usage: true };
    const stream = await engine.chat.completions.create({ ...body, stream: true, stream_options: options });
    for await (const chunk of stream) chunks.push(chunk);
    const other = await engine.chat.completions.create({ ...body, seed: 8 });
    return { whole, chunks, other };
  });
  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  expect(text).toBe(whole.choices[0]?.message.content);
  expect(text).not.toBe(other.choices[0]?.message.content);
  expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
  expect(whole.usage.prompt_tokens_details.cached_tokens).toBe(0);
  const remembered = { cached_tokens: Math.floor((whole.usage.prompt_tokens - 1) / 16) * 16 };
  expect(chunks.at(-1)?.usage).toEqual({ ...whole.usage, prompt_tokens_details: remembered });
  expect(whole.system_fingerprint).toMatch(/^fl-/);
});

test('an abort is told as AbortError in every phase, and the blocks come back', async ({ page }) => {
  const result = await page.evaluate(async () => {
    const long = { prompt: 'Hello '.repeat(60), max_tokens: 300, temperature: 0 };
    const nameOf = (promise: Promise<unknown>): Promise<string> =>
      promise.then(
        () => 'answered',
        (error: Error) => error.name,
      );
    const readAll = async (stream: AsyncIterable<unknown>, onChunk: () => void): Promise<void> => {
      for await (const _ of stream) onChunk();
    };

    const before = nameOf(engine.completions.create(long, { signal: AbortSignal.abort() }));
    // Two run, so the third waits in the queue.
    const controllers = [new AbortController(), new AbortController(), new AbortController()];
    const running = controllers.map(({ signal }) => nameOf(engine.completions.create(long, { signal })));
    let snapshot = await engine.snapshot();
    while (snapshot.queue < 1) snapshot = await engine.snapshot(); // they are on their way
    for (const controller of controllers.reverse()) controller.abort();

    const decode = new AbortController();
    const stream = await engine.completions.create({ ...long, stream: true }, { signal: decode.signal });
    const inDecode = nameOf(readAll(stream, () => decode.abort()));
    const names = await Promise.all([before, ...running, inDecode]);

    const left = await engine.completions.create({ ...long, stream: true });
    for await (const _ of left) break; // leaving the loop cancels
    const cancelled = await engine.completions.create({ ...long, stream: true });
    let id = '';
    let wasAlive = false;
    const byId = await nameOf(
      (async () => {
        for await (const chunk of cancelled) {
          id = chunk.id;
          wasAlive ||= await engine.cancel(id);
        }
      })(),
    );
    // One more answer proves that the engine goes on, and that everything before it has ended.
    await engine.completions.create({ prompt: 'Hi', max_tokens: 1 });
    return {
      names,
      queued: snapshot.queue,
      byId,
      wasAlive,
      again: await engine.cancel(id),
      after: await engine.snapshot(),
    };
  });
  expect(result.names).toEqual(Array.from({ length: 5 }, () => 'AbortError'));
  expect(result.queued).toBe(1);
  expect(result.wasAlive).toBe(true);
  expect(result.byId).toBe('AbortError');
  expect(result.again).toBe(false);
  expect(result.after.queue).toBe(0);
  expect(result.after.kv.freeBlocks).toBe(result.after.kv.totalBlocks);
});

test('many requests wait their turn; what is too many is told `busy`', async ({ page }) => {
  const outcomes = await page.evaluate(async () => {
    const one = (seed: number): Promise<string> =>
      engine.completions.create({ prompt: 'Hello', max_tokens: 12, temperature: 0, seed }).then(
        (answer) => answer.choices[0]?.text ?? '',
        (error: { code: string }) => `error: ${error.code}`,
      );
    return await Promise.all(Array.from({ length: 9 }, (_, i) => one(i)));
  });
  const answers = outcomes.filter((text) => !text.startsWith('error: '));
  expect(answers.length).toBe(6); // two run, four wait
  expect(new Set(answers).size).toBe(1); // greedy: the same alone and in a crowd
  expect(outcomes.filter((text) => text === 'error: busy')).toHaveLength(3);
});

test('wrong input is refused by name and loses nothing', async ({ page }) => {
  const errors = await page.evaluate(async () => {
    const messages = [{ role: 'user', content: 'Hello' }];
    // Not typed as a body: this is what a caller without types may send.
    const failure = (body: object): Promise<object> =>
      engine.chat.completions.create(body as ChatBody & { stream: false }).then(
        () => ({ code: 'none' }),
        ({ code, param }: { code: string; param?: string }) => ({ code, param }),
      );
    return [
      await failure({ messages, temperature: NaN }),
      await failure({ messages, top_k: 1.5 }),
      await failure({ messages, max_tokens: 0 }),
      await failure({ messages, n: 2 }),
      await failure({ messages, tools: [] }),
      await failure({ messages: [{ role: 'user', content: 5 }] }),
      await failure({ messages, model: 'gpt-4' }),
      await failure({ messages: [{ role: 'user', content: 'word '.repeat(5000) }] }),
    ];
  });
  expect(errors).toEqual([
    { code: 'invalid-request', param: 'temperature' },
    { code: 'invalid-request', param: 'top_k' },
    { code: 'invalid-request', param: 'max_tokens' },
    { code: 'invalid-request', param: 'n' },
    { code: 'invalid-request', param: 'tools' },
    { code: 'invalid-request', param: 'messages[0].content' },
    { code: 'invalid-request', param: 'model' },
    expect.objectContaining({ code: 'context-overflow' }),
  ]);
});
