import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import type { CompletionBody, Engine, EngineOptions } from '../src/client/types';
import type { Crowd, CrowdReport, Told } from './crowd';
import { PLAIN_KERNELS, useLibrary } from './library';

// Many requests, any interleaving, the same answers: on WebGPU, with the built library.

declare const crowd: Crowd;
declare const createEngine: (options: EngineOptions) => Promise<Engine>;

/** Blocks for less than half of what four requests may need: the later ones lose their place again and again. */
const CROWDED = { maxConcurrent: 4, kvCacheTokens: 96 } as const;
const variants = PLAIN_KERNELS;
/** How prompts are cut and how many steps run ahead, with how many cancels. */
const LAYOUTS = [
  { debug: { chunkTokens: 64, depth: 2 }, cancels: 80 },
  { debug: { chunkTokens: 1, depth: 2 }, cancels: 24 },
  { debug: { chunkTokens: 7, depth: 1 }, cancels: 40 },
  { debug: { chunkTokens: 16, depth: 1 }, cancels: 56 },
] as const;
const CROWDS = [
  { model: 'llama', layouts: LAYOUTS.slice(1, 3), tag: '@usual' },
  { model: 'llama', layouts: LAYOUTS, tag: '@long' },
  { model: 'gemma3', layouts: LAYOUTS.slice(1, 3), tag: '@long' }, // with windows
] as const;

/** Prompts short and long, some of which begin alike; greedy answers, whose tokens stay on the device, and drawn ones. */
function bodiesFor(model: string): readonly CompletionBody[] {
  const { prompts } = JSON.parse(readFileSync(`test/fixtures/zoo/${model}.json`, 'utf8')) as {
    prompts: { p40: number[]; p3: number[] };
  };
  const long = [...prompts.p40, ...prompts.p40.slice(1, 21)];
  return [
    { prompt: prompts.p40, max_tokens: 16, temperature: 0 },
    { prompt: long, max_tokens: 12, temperature: 0, logprobs: 0 },
    { prompt: long.slice(0, 50), max_tokens: 20, temperature: 1, seed: 5, logprobs: 1 },
    { prompt: prompts.p3, max_tokens: 40, temperature: 0.8, seed: 9, repeat_penalty: 1.2, logprobs: 0 },
    { prompt: prompts.p3, max_tokens: 28, temperature: 0, frequency_penalty: 0.4, presence_penalty: 0.2 },
    { prompt: long.slice(0, 33), max_tokens: 24, temperature: 1.3, top_k: 12, seed: 2, logprobs: 0 },
  ];
}

for (const { model, layouts, tag } of CROWDS) {
  const total = layouts.map(({ cancels }) => cancels).reduce<number>((sum, cancels) => sum + cancels, 0);
  test(
    `${model}: 8 streams with ${total} cancels give the answers that each request gets alone`,
    { tag },
    async ({ page }, info) => {
      await useLibrary(page, info.config.metadata);
      const bodies = bodiesFor(model);
      const url = `/fixtures/zoo/${model}.gguf`;
      const alone = await solo(page, url, bodies);
      expect(alone.map(({ finish }) => finish)).toEqual(bodies.map(() => expect.stringMatching(/^(length|stop)$/)));

      const seen = { preemptions: 0, queued: 0, prefilling: 0, decoding: 0, signal: 0, id: 0 };
      for (const [index, { debug, cancels }] of layouts.entries()) {
        const options = { model: url, ...CROWDED, debug: { ...debug, variants } };
        const plan = { bodies, streams: 8, cancels, seed: index + 1 };
        const { report, kv, live } = await page.evaluate(
          async ([options, plan]) => {
            const engine = await createEngine(options);
            const report = await crowd.run(engine, plan);
            const { kv, requests } = await engine.snapshot();
            await engine.close();
            return { report, kv, live: requests.filter(({ state }) => state !== 'ended').length };
          },
          [options, plan] as const,
        );
        expectSameAnswers(report, alone);
        expect(live).toBe(0);
        expect(kv.freeBlocks).toBe(kv.totalBlocks);
        expect(kv.window?.freeBlocks).toBe(kv.window?.totalBlocks);
        const [before, after] = report.stats;
        expect(after.gpuBytes).toBe(before.gpuBytes);
        expect(after.total.buffersCreated).toBe(before.total.buffersCreated);
        for (const name of ['queued', 'prefilling', 'decoding'] as const) seen[name] += report.cancelledIn[name] ?? 0;
        for (const name of ['signal', 'id'] as const) seen[name] += report.cancelledBy[name] ?? 0;
        seen.preemptions += report.preemptions;
      }
      console.log(`${model}: cancelled requests by their state, and places lost:`, seen);
      expect(seen.signal + seen.id).toBe(total);
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(3);
    },
  );
}

async function solo(page: Page, model: string, bodies: readonly CompletionBody[]): Promise<readonly Told[]> {
  return await page.evaluate(
    async ([options, bodies]) => {
      const engine = await createEngine(options);
      const answers = await crowd.solo(engine, bodies);
      await engine.close();
      return answers;
    },
    [{ model, maxConcurrent: 1, debug: { variants } }, bodies] as const,
  );
}

/** Survivors say what they say alone, bit for bit; who was cancelled had said the beginning of it. Everyone ended once. */
function expectSameAnswers({ answers }: CrowdReport, alone: readonly Told[]): void {
  for (const [index, { body, end, ends, text, logprobs, finish }] of answers.entries()) {
    const expected = alone[body];
    const name = `request ${index + 1}, of body ${body}, ${end}`;
    expect(end, name).toMatch(/^(answered|AbortError)$/);
    if (end === 'answered') {
      expect({ text, logprobs, finish }, name).toEqual(expected);
      expect(ends, name).toBe(1);
    } else {
      expect(expected?.text.startsWith(text), name).toBe(true);
      expect(logprobs, name).toEqual(expected?.logprobs.slice(0, logprobs.length));
      expect(ends, name).toBeLessThanOrEqual(1); // a signal may end it before the engine hears of it
    }
  }
  expect(answers.filter(({ end }) => end === 'answered').length).toBeGreaterThan(5);
}
