import { readFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import type { CompletionBody, Engine, EngineOptions } from '../src/client/types';
import type { EngineEvent } from '../src/protocol/engine-events';
import type { Crowd } from './crowd';
import { PLAIN_KERNELS, useLibrary } from './library';
import { ENDLESS_LOSSES, test } from './loss';
import type { LiveBuffers, Losing, Probe, ProbeEvent } from './probe';

// The GPU process is killed under running answers, for real.

declare const crowd: Crowd;
declare const probe: Probe;
declare const createEngine: (options: EngineOptions) => Promise<Engine>;
declare const crashGpu: () => Promise<void>;
/** Kept in the page. */
declare const engine: Engine;
declare const heard: string[];

const { p40, p3 } = (
  JSON.parse(readFileSync('test/fixtures/zoo/llama.json', 'utf8')) as { prompts: { p40: number[]; p3: number[] } }
).prompts;
const BODIES: readonly CompletionBody[] = [
  { prompt: p40, max_tokens: 11, temperature: 0 },
  { prompt: p40.slice(0, 20), max_tokens: 11, temperature: 0, logprobs: 0 },
  { prompt: p3, max_tokens: 11, temperature: 1, seed: 5, logprobs: 1 },
  { prompt: p3, max_tokens: 11, temperature: 0.8, seed: 9, repeat_penalty: 1.2, logprobs: 0 },
];
const OPTIONS = { maxConcurrent: 4, kvCacheTokens: 256, debug: { chunkTokens: 16, variants: PLAIN_KERNELS } } as const;
const LLAMA = '/fixtures/zoo/llama.gguf';
const ONE_LOSS = ['state lost', 'lost', 'restored true', 'state ready'];

let page: Page;
let library: string;

/** An engine whose devices are lost as said, and all that it says of itself. */
async function load(model: string, losing: Losing = {}): Promise<void> {
  await page.evaluate(
    async ([library, options, losing]) => {
      probe.events.length = 0;
      probe.onSilence = () => void crashGpu();
      const workerUrl = probe.workerUrl(library, losing);
      const engine = await createEngine({ ...options, workerUrl });
      const heard: string[] = [];
      const nameOf = (event: EngineEvent): string => {
        if (event.type === 'state') return `state ${event.state}`;
        return event.type === 'restored' ? `restored ${event.sameAnswers}` : event.type;
      };
      for (const type of ['state', 'lost', 'restored'] as const) engine.on(type, (event) => heard.push(nameOf(event)));
      Object.assign(globalThis, { engine, heard });
    },
    [library, { model, ...OPTIONS }, losing] as const,
  );
}

const whatIsHeard = (): Promise<string[]> => page.evaluate(() => heard);

/** How many events of a type the worker had. */
const count = (type: ProbeEvent['type']): Promise<number> =>
  page.evaluate((type) => probe.events.filter((event) => event.type === type).length, type);

const liveBuffers = (): Promise<LiveBuffers> => page.evaluate(() => probe.live());

/** What is held on the device, by the engine's book and by all buffers that live. */
async function memory(): Promise<object> {
  const book = await page.evaluate(async () => {
    const { gpuBytes } = await engine.stats();
    const { kv } = await engine.snapshot();
    await probe.caughtUp();
    return { gpuBytes, inUse: kv.totalBlocks - kv.freeBlocks };
  });
  return { ...book, buffers: await liveBuffers() };
}

// The usual run has the real model, below.
for (const model of ['llama', 'gemma3'] as const) {
  test(
    `${model}: 4 streams go on with the same tokens when the device is lost at every tenth`,
    { tag: '@long' },
    async ({ openLosing }, info) => {
      page = await openLosing(ENDLESS_LOSSES);
      library = await useLibrary(page, info.config.metadata);
      const url = `/fixtures/zoo/${model}.gguf`;
      await load(url);
      const alone = await page.evaluate(async (bodies) => {
        const answers = await crowd.solo(engine, bodies);
        await engine.close();
        return answers;
      }, BODIES);

      await load(url, { everyTokens: 10 });
      const before = await memory();
      const together = await page.evaluate(
        async (bodies) =>
          Promise.all(
            bodies.map(async (body) => crowd.read(await engine.completions.create({ ...body, stream: true }))),
          ),
        BODIES,
      );
      expect(together).toEqual(alone);
      const losses = Math.floor((await count('token')) / 10);
      expect(losses).toBeGreaterThan(2);
      expect(await count('silent')).toBe(losses);
      await expect.poll(whatIsHeard).toEqual(Array.from({ length: losses }, () => ONE_LOSS).flat());
      await expect.poll(memory).toEqual(before);
    },
  );
}

/** Few tokens, because each takes a second: of a person's question, of code, of one that is drawn. */
const REAL_BODIES: readonly CompletionBody[] = [
  { prompt: 'The capital of France is', max_tokens: 5, temperature: 0, logprobs: 0 },
  { prompt: 'def add(a, b):', max_tokens: 6, temperature: 0 },
  { prompt: 'The sky is', max_tokens: 5, temperature: 1, seed: 7, logprobs: 0 },
];

test('the real model: 4 streams, of which one is cancelled, go on with the same tokens when the device is lost', async ({
  openLosing,
}, info) => {
  page = await openLosing([]);
  library = await useLibrary(page, info.config.metadata);
  await load('/models/SmolLM2-135M-Instruct.Q4_1.gguf');
  // Whole rows of logits are read back through a larger buffer, made when one is first asked for: that is now.
  await page.evaluate(async () => engine.evaluate([1]));
  const before = await memory();
  const result = await page.evaluate(async (bodies) => {
    const controller = new AbortController();
    let chunks = 0;
    const onChunk = (): void => {
      chunks += 1;
      if (chunks === 5) controller.abort();
      if (chunks === 9) void crashGpu();
    };
    const asked = engine.completions.create(
      { prompt: 'Once', max_tokens: 40, temperature: 0, stream: true },
      controller,
    );
    const cancelled = asked.then(async (stream) => crowd.read(stream, onChunk)).catch(({ name }: Error) => name);
    const together = await Promise.all(
      bodies.map(async (body) => crowd.read(await engine.completions.create({ ...body, stream: true }), onChunk)),
    );
    const alone = await crowd.solo(engine, bodies);
    return { together, alone, cancelled: await cancelled, heard };
  }, REAL_BODIES);
  expect(result.together).toEqual(result.alone);
  expect(result.alone[0]?.text).toContain('Paris');
  expect(result.cancelled).toBe('AbortError');
  expect(result.heard).toEqual(ONE_LOSS);
  expect(await memory()).toEqual(before);
  await page.evaluate(async () => engine.close());
});

test('a device is replaced as soon as it is lost, though nothing runs; lost under a load, it ends that and leaves nothing', async ({
  openLosing,
}, info) => {
  page = await openLosing(ENDLESS_LOSSES);
  library = await useLibrary(page, info.config.metadata);
  const nothing = { count: 0, bytes: 0 };
  await expect(load(LLAMA, { duringLoad: 1 })).rejects.toThrow(/The device was lost .* Load the model again/);
  await expect.poll(liveBuffers).toEqual(nothing);

  await load(LLAMA, { duringLoad: 3 });
  const before = await memory();
  const first = await page.evaluate(async (bodies) => crowd.solo(engine, bodies), BODIES.slice(0, 1));
  await page.evaluate(async () => crashGpu());
  await expect.poll(whatIsHeard).toEqual(ONE_LOSS);
  expect(await page.evaluate(async (bodies) => crowd.solo(engine, bodies), BODIES.slice(0, 1))).toEqual(first);
  expect(await memory()).toEqual(before);

  await page.evaluate(async () => crashGpu());
  await expect.poll(whatIsHeard).toEqual([...ONE_LOSS, 'state lost', 'lost', 'state blocked']);
  await expect.poll(liveBuffers).toEqual(nothing);
  await page.evaluate(async () => engine.close());
});

test('a second loss within two minutes closes the GPU to the page: the engine says until when, and answers wait', async ({
  openLosing,
}, info) => {
  page = await openLosing([]);
  library = await useLibrary(page, info.config.metadata);
  await load(LLAMA, { everyTokens: 10 });
  const result = await page.evaluate(async (prompt) => {
    const body = { prompt, max_tokens: 40, temperature: 0 };
    const waiting = engine.completions.create(body).then(
      () => 'answered',
      ({ code }: { code: string }) => code,
    );
    while (!heard.includes('state blocked')) await new Promise((resolve) => requestAnimationFrame(resolve));
    const { state, retryAtMs, requests } = await engine.snapshot();
    const refused = await engine.completions.create(body).then(
      () => 'answered',
      ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
    );
    const waits = requests.map(({ state, generatedTokens }) => ({ state, generatedTokens }));
    await engine.close();
    return { state, retryAtMs, waits, refused, ended: await waiting, heard };
  }, p40);
  expect(result).toEqual({
    state: 'blocked',
    retryAtMs: expect.any(Number),
    waits: [{ state: 'queued', generatedTokens: 20 }],
    refused: expect.stringMatching(/^device-blocked: .*two minutes/),
    ended: 'closed',
    heard: [...ONE_LOSS, 'state lost', 'lost', 'state blocked'],
  });
});
