import { expect, test } from '@playwright/test';
import type { Engine, EngineOptions } from '../src/client/types';
import { PLAIN_KERNELS, useLibrary } from './library';
import type { Probe, ProbeEvent } from './probe';

// Who waits for whom, counted in steps of the device as its worker submits them.

declare const probe: Probe;
declare const createEngine: (options: EngineOptions) => Promise<Engine>;

const OPTIONS = {
  model: '/fixtures/zoo/llama.gguf',
  maxConcurrent: 4,
  debug: { chunkTokens: 16, variants: PLAIN_KERNELS },
} as const;
/** The three tokens that would end an answer are forbidden. */
const ENDLESS = { 505: -100, 507: -100, 509: -100 };

/** The worker's events between which the request had none. */
function stepsBetweenTokens(events: readonly ProbeEvent[], requestId: number): readonly number[] {
  const gaps: number[] = [];
  let steps = 0;
  for (const event of events) {
    if (event.type === 'submit') steps += 1;
    if (event.type !== 'token' || event.requestId !== requestId) continue;
    gaps.push(steps);
    steps = 0;
  }
  return gaps.slice(1); // before its first token there was none
}

for (const depth of [1, 2] as const) {
  const tag = depth === 1 ? '@long' : '@usual';
  test(`a long prompt never stops the others' tokens (depth ${depth})`, { tag }, async ({ page }, info) => {
    const library = await useLibrary(page, info.config.metadata);
    const events = await page.evaluate(
      async ([library, options, logit_bias]) => {
        const engine = await createEngine({ ...options, workerUrl: probe.workerUrl(library) });
        const body = { max_tokens: 100, temperature: 0, stream: true, logit_bias } as const;
        const writing = await engine.completions.create({ ...body, prompt: [7, 9, 11] });
        let reading: Promise<unknown> | null = null;
        const prompt = Array.from({ length: 300 }, (_, index) => index);
        for await (const _ of writing) reading ??= engine.completions.create({ prompt, max_tokens: 1, temperature: 0 });
        await reading;
        await probe.caughtUp();
        await engine.close();
        return probe.events;
      },
      [library, { ...OPTIONS, debug: { ...OPTIONS.debug, depth } }, ENDLESS] as const,
    );
    const isPrefill = (event: ProbeEvent): boolean => event.type === 'prefill' && event.requestId === 2;
    const reading = events.slice(events.findIndex(isPrefill), events.findLastIndex(isPrefill) + 1);
    expect(reading.filter(isPrefill)).toHaveLength(Math.ceil(300 / 16));
    const gaps = stepsBetweenTokens(reading, 1);
    expect(gaps.length).toBeGreaterThanOrEqual(Math.floor(300 / 16) - 1);
    console.log(`steps between two tokens while 300 tokens are read, depth ${depth}: at most ${Math.max(...gaps)}`);
    expect(Math.max(...gaps)).toBe(2);
  });
}

test('requests that ask for the same are done in the order in which they came', async ({ page }, info) => {
  const library = await useLibrary(page, info.config.metadata);
  const events = await page.evaluate(
    async ([library, options, logit_bias]) => {
      const engine = await createEngine({ ...options, workerUrl: probe.workerUrl(library) });
      const ask = (_: unknown, index: number): Promise<unknown> => {
        const prompt = Array.from({ length: 20 }, (_, at) => 10 * index + at);
        return engine.completions.create({ prompt, max_tokens: 10, temperature: 0, logit_bias });
      };
      await Promise.all(Array.from({ length: 12 }, ask));
      await probe.caughtUp();
      await engine.close();
      return probe.events;
    },
    [library, OPTIONS, ENDLESS] as const,
  );
  const ended = events.flatMap((event) => (event.type === 'ended' ? [event.requestId] : []));
  expect(ended).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
});
