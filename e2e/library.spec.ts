import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import type { DeviceCounters } from '../src/base/counters';
import { libraryUrl, openBlankPage } from './library';

const zoo = JSON.parse(readFileSync('test/fixtures/zoo/quant-Q4_1.json', 'utf8')) as {
  prompts: { p40: number[] };
  exact: { greedy24: number[]; greedy24_margins: number[]; last: { p40: { logits_b64: string } } };
};
const MODEL = '/fixtures/zoo/quant-Q4_1.gguf';

test.beforeEach(async ({ page }) => openBlankPage(page));

test('imported from another origin, the library loads a model and gives the exact answer', async ({ page }, info) => {
  const input = { library: libraryUrl(info.config.metadata), model: MODEL, prompt: zoo.prompts.p40 };
  const result = await page.evaluate(async ({ library, model, prompt }) => {
    const { checkFit, createEngine } = await import(library);
    const fit = await checkFit(model, { kvCacheType: 'f32' });
    const phases: string[] = [];
    const engine = await createEngine({
      model,
      kvCacheType: 'f32',
      onProgress: (progress: { phase: string }) => phases.push(progress.phase),
    });
    const logits: Float32Array = await engine.evaluate(prompt);
    const answer = await engine.completions.create({ prompt, max_tokens: 8, temperature: 0, logprobs: 0 });
    // Without logprobs the tokens stay on the device.
    await engine.completions.create({ prompt, max_tokens: 4, temperature: 0 });
    const stats = await engine.stats();
    const snapshot = await engine.snapshot();
    await engine.close();
    const refused = await engine.tokenize('x').catch((error: { code?: string }) => error.code);
    return { fit, phases, logits: [...logits], answer, stats, snapshot, info: engine.info, refused };
  }, input);

  const exact = new Float32Array(Uint8Array.from(Buffer.from(zoo.exact.last.p40.logits_b64, 'base64')).buffer);
  const worst = Math.max(...result.logits.map((value, i) => Math.abs(value - (exact[i] ?? NaN))));
  expect(worst).toBeLessThan(1e-3);
  expect(result.answer.usage.completion_tokens).toBe(8);
  expect(result.answer.choices[0].finish_reason).toBe('length');
  expect(result.phases[0]).toBe('probe');
  expect(result.phases.at(-1)).toBe('ready');
  expect(result.phases).toContain('download');
  expect(result.info.model).toMatchObject({ architecture: 'llama', quantisation: 'Q4_1', vocabularySize: 384 });
  expect(result.snapshot.kv.freeBlocks).toBe(result.snapshot.kv.totalBlocks);
  expect(result.refused).toBe('closed');
  const { verdict, weightBytes, kvBytes, scratchBytes } = result.fit;
  expect(verdict).toBe('fits');
  expect(weightBytes + kvBytes).toBeLessThan(result.stats.gpuBytes);
  // Kernels that need the most are assumed before the probe has chosen.
  expect(weightBytes + kvBytes + scratchBytes).toBeGreaterThanOrEqual(result.stats.gpuBytes);

  console.log('counters of the last decoded token:', result.stats.lastStep);
  expect(result.stats.lastStep).toMatchObject({
    // Five a layer and four, less one of argmax: the vocabulary is a single slice.
    dispatches: 5 * 2 + 3,
    submits: 1,
    passes: 1,
    bindGroupsCreated: 0,
    bufferWrites: 1,
    buffersCreated: 0,
    pipelinesCreated: 0,
    readbackBytes: 8,
  });
});

test('a token costs one submission, one pass, one write and few bytes read', async ({ page }, info) => {
  const bodies = { greedy: { temperature: 0 }, 'sampled with the defaults': {} };
  const input = { library: libraryUrl(info.config.metadata), model: MODEL, prompt: zoo.prompts.p40, bodies };
  const costs = await page.evaluate(async ({ library, model, prompt, bodies }) => {
    const { createEngine } = await import(library);
    const engine = await createEngine({ model });
    const costs: Record<string, { tokens: number; lastStep: DeviceCounters }> = {};
    for (const [name, body] of Object.entries(bodies)) {
      const { usage } = await engine.completions.create({ prompt, max_tokens: 8, seed: 1, ...body });
      costs[name] = { tokens: usage.completion_tokens, lastStep: (await engine.stats()).lastStep };
    }
    await engine.close();
    return costs;
  }, input);
  expect(Object.keys(costs)).toEqual(Object.keys(bodies));
  for (const [name, { tokens, lastStep }] of Object.entries(costs)) {
    console.log(`counters of the last token, ${name}:`, lastStep);
    expect(tokens).toBe(8);
    expect(lastStep).toMatchObject({
      submits: 1,
      passes: 1,
      bindGroupsCreated: 0,
      bufferWrites: 1,
      readbacks: 1,
      buffersCreated: 0,
      pipelinesCreated: 0,
    });
    expect(lastStep.readbackBytes).toBeLessThanOrEqual(16);
  }
});

test('an embedding model gives the exact vectors of many texts, one at a time or all at once', async ({
  page,
}, info) => {
  const reference = JSON.parse(readFileSync('test/fixtures/zoo/minilm.json', 'utf8')) as {
    embeddings: { text: string; ids: number[]; exact_b64: string }[];
  };
  const texts = reference.embeddings.map(({ text }) => text);
  const input = { library: libraryUrl(info.config.metadata), model: '/fixtures/zoo/minilm.gguf', texts };
  const result = await page.evaluate(async ({ library, model, texts }) => {
    const { createEngine } = await import(library);
    const engine = await createEngine({ model, maxQueued: 1, maxConcurrent: 2 });
    const many = Array.from({ length: 30 }, (_, i) => texts[i % texts.length]);
    const all = await engine.embeddings.create({ input: many });
    const failure = (call: Promise<unknown>): Promise<{ code?: string; name?: string; param?: string }> =>
      call.then(
        () => ({}),
        ({ code, name, param }) => ({ code, name, param }),
      );
    const controller = new AbortController();
    const aborted = failure(engine.embeddings.create({ input: many }, { signal: controller.signal }));
    controller.abort();
    const failures = {
      aborted: await aborted,
      long: await failure(engine.embeddings.create({ input: ['a', 'many words '.repeat(400)] })),
      chat: await failure(engine.chat.completions.create({ messages: [{ role: 'user', content: 'Hi' }] })),
    };
    // Answered after all others have ended.
    const packed = await engine.embeddings.create({ input: texts[0], encoding_format: 'base64' });
    const { kv, requests } = await engine.snapshot();
    await engine.close();
    return {
      all,
      packed: packed.data[0].embedding,
      failures,
      kv,
      left: requests.filter((r: { state: string }) => r.state !== 'ended'),
    };
  }, input);

  const exactOf = (base64: string): Float32Array =>
    new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
  expect(result.all.data).toHaveLength(30);
  for (const { index, embedding } of result.all.data as { index: number; embedding: number[] }[]) {
    const exact = exactOf(reference.embeddings[index % texts.length]?.exact_b64 ?? '');
    expect(Math.max(...Array.from(exact, (value, i) => Math.abs((embedding[i] ?? NaN) - value)))).toBeLessThan(1e-5);
  }
  expect([...exactOf(result.packed)]).toEqual(result.all.data[0].embedding);
  const tokens = reference.embeddings.reduce((sum, { ids }) => sum + ids.length, 0);
  expect(result.all.usage).toEqual({ prompt_tokens: 10 * tokens, total_tokens: 10 * tokens });
  expect(result.failures).toEqual({
    aborted: expect.objectContaining({ name: 'AbortError' }),
    long: { code: 'context-overflow', name: 'ForgelightError', param: 'input[1]' },
    chat: { code: 'invalid-request', name: 'ForgelightError', param: 'model' },
  });
  expect(result.kv.freeBlocks).toBe(result.kv.totalBlocks);
  expect(result.left).toEqual([]);
});

test('loadTokenizer reads the header only', async ({ page }, info) => {
  const ids = await page.evaluate(
    async ({ library, model }) => {
      const { loadTokenizer } = await import(library);
      const tokenizer = await loadTokenizer(model);
      const text = 'Hello, wörld! 👋';
      return {
        back: tokenizer.decode(tokenizer.encode(text, { addSpecial: false })),
        text,
        size: tokenizer.vocabularySize,
      };
    },
    { library: libraryUrl(info.config.metadata), model: MODEL },
  );
  expect(ids.back).toBe(ids.text);
  expect(ids.size).toBe(384);
});

test('a damaged, a wrong and a missing file are told apart, in words', async ({ page }, info) => {
  const errors = await page.evaluate(
    async ({ library, model }) => {
      const { createEngine } = await import(library);
      const failure = (options: object): Promise<{ code: string; message: string }> =>
        createEngine(options).then(
          () => ({ code: 'none', message: '' }),
          ({ code, message }: { code: string; message: string }) => ({ code, message }),
        );
      const whole = await (await fetch(model)).arrayBuffer();
      return {
        cut: await failure({ model: new Blob([whole.slice(0, whole.byteLength / 2)]) }),
        other: await failure({ model: new Blob(['GIF89a, not a model at all']) }),
        hash: await failure({ model, sha256: '0'.repeat(64) }),
        missing: await failure({ model: '/fixtures/zoo/nothing.gguf' }),
        option: await failure({ model, maxConcurrent: 0 }),
      };
    },
    { library: libraryUrl(info.config.metadata), model: MODEL },
  );
  expect(errors.cut.code).toBe('bad-gguf');
  expect(errors.other.code).toBe('bad-gguf');
  expect(errors.hash).toMatchObject({ code: 'corrupt-model', message: expect.stringContaining('0000') });
  expect(errors.missing.code).toBe('network');
  expect(errors.option).toMatchObject({ code: 'invalid-request', message: expect.stringContaining('maxConcurrent') });
});

test('a load is aborted in any phase, and another one works after it', { tag: '@long' }, async ({ page }, info) => {
  const { names, after } = await page.evaluate(
    async ({ library, model }) => {
      const { createEngine } = await import(library);
      const names: Record<string, string> = {};
      for (const phase of ['start', 'probe', 'download', 'compile', 'warmup']) {
        const controller = new AbortController();
        if (phase === 'start') controller.abort();
        const onProgress = (progress: { phase: string }): void => {
          if (progress.phase === phase) controller.abort();
        };
        names[phase] = await createEngine({ model, maxConcurrent: 1, onProgress, signal: controller.signal }).then(
          () => 'loaded',
          (error: Error) => error.name,
        );
      }
      const engine = await createEngine({ model, maxConcurrent: 1 });
      const answer = await engine.completions.create({ prompt: 'Hi', max_tokens: 2, temperature: 0 });
      await engine.close();
      return { names, after: answer.usage.completion_tokens };
    },
    { library: libraryUrl(info.config.metadata), model: MODEL },
  );
  expect(names).toEqual({
    start: 'AbortError',
    probe: 'AbortError',
    download: 'AbortError',
    compile: 'AbortError',
    warmup: 'AbortError',
  });
  expect(after).toBe(2);
});
