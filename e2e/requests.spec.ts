import { expect, test } from '@playwright/test';
import { libraryUrl, openBlankPage } from './library';

/** A zoo model with a chat template: random weights, so it talks nonsense, for as many tokens as asked. */
const MODEL = '/fixtures/zoo/smollm2.gguf';

test.beforeEach(async ({ page }, info) => {
  await openBlankPage(page);
  await page.evaluate(
    async ({ library, model }) => {
      const { createEngine } = await import(library);
      Object.assign(globalThis, { engine: await createEngine({ model, maxConcurrent: 2, maxQueued: 4 }) });
    },
    { library: libraryUrl(info.config.metadata), model: MODEL },
  );
});

test('chat streams, is reproducible by seed, and equals the answer in one piece', async ({ page }) => {
  const result = await page.evaluate(async () => {
    const { engine } = globalThis as unknown as { engine: any };
    const body = { messages: [{ role: 'user', content: 'Hello' }], max_tokens: 24, seed: 7 };
    const whole = await engine.chat.completions.create(body);
    const chunks = [];
    const stream = await engine.chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } });
    for await (const chunk of stream) chunks.push(chunk);
    const other = await engine.chat.completions.create({ ...body, seed: 8 });
    return { whole, chunks, other };
  });
  const text = result.chunks.map((chunk: any) => chunk.choices[0]?.delta.content ?? '').join('');
  expect(text).toBe(result.whole.choices[0].message.content);
  expect(text).not.toBe(result.other.choices[0].message.content);
  expect(result.chunks[0].choices[0].delta.role).toBe('assistant');
  expect(result.chunks.at(-1).usage).toEqual(result.whole.usage);
  expect(result.whole.system_fingerprint).toMatch(/^fl-/);
});

test('an abort is told as AbortError in every phase, and the blocks come back', async ({ page }) => {
  const result = await page.evaluate(async () => {
    const { engine } = globalThis as unknown as { engine: any };
    const long = { prompt: 'Hello '.repeat(60), max_tokens: 300, temperature: 0 };
    const nameOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'answered', (error: Error) => error.name);

    const before = nameOf(engine.completions.create(long, { signal: AbortSignal.abort() }));
    const prefill = new AbortController();
    const inPrefill = nameOf(engine.completions.create(long, { signal: prefill.signal }));
    prefill.abort();

    const decode = new AbortController();
    const stream = await engine.completions.create({ ...long, stream: true }, { signal: decode.signal });
    const inDecode = nameOf(
      (async () => {
        for await (const _ of stream) decode.abort();
      })(),
    );
    const names = [await before, await inPrefill, await inDecode];

    const left = await engine.completions.create({ ...long, stream: true });
    for await (const _ of left) break; // leaving the loop cancels
    const cancelled = await engine.completions.create({ ...long, stream: true });
    const iterator = cancelled[Symbol.asyncIterator]();
    const { value } = await iterator.next();
    const wasAlive = await engine.cancel(value.id);
    const byId = await nameOf(
      (async () => {
        for (let step = await iterator.next(); !step.done; step = await iterator.next());
      })(),
    );
    // One more answer proves that the engine goes on, and that everything before it has ended.
    await engine.completions.create({ prompt: 'Hi', max_tokens: 1 });
    return { names, byId, wasAlive, again: await engine.cancel(value.id), snapshot: await engine.snapshot() };
  });
  expect(result.names).toEqual(['AbortError', 'AbortError', 'AbortError']);
  expect(result.wasAlive).toBe(true);
  expect(result.byId).toBe('AbortError');
  expect(result.again).toBe(false);
  expect(result.snapshot.queue).toBe(0);
  expect(result.snapshot.kv.freeBlocks).toBe(result.snapshot.kv.totalBlocks);
});

test('many requests wait their turn; what is too many is told `busy`', async ({ page }) => {
  const outcomes = await page.evaluate(async () => {
    const { engine } = globalThis as unknown as { engine: any };
    const one = (i: number): Promise<string> =>
      engine.completions.create({ prompt: 'Hello', max_tokens: 12, temperature: 0, seed: i }).then(
        (answer: any) => answer.choices[0].text,
        (error: { code: string }) => `error: ${error.code}`,
      );
    return await Promise.all(Array.from({ length: 9 }, (_, i) => one(i)));
  });
  const answers = outcomes.filter((text: string) => !text.startsWith('error: '));
  expect(answers.length).toBeGreaterThanOrEqual(6);
  expect(new Set(answers).size).toBe(1); // greedy: the same alone and in a crowd
  expect(outcomes.filter((text: string) => text === 'error: busy').length).toBe(outcomes.length - answers.length);
  expect(outcomes).toContain('error: busy');
});

test('wrong input is refused by name and loses nothing', async ({ page }) => {
  const errors = await page.evaluate(async () => {
    const { engine } = globalThis as unknown as { engine: any };
    const messages = [{ role: 'user', content: 'Hello' }];
    const failure = (body: object): Promise<object> =>
      engine.chat.completions.create(body).then(
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
