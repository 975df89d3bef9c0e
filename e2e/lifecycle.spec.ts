import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import type { Engine, EngineOptions } from '../src/client/types';
import type { Crowd } from './crowd';
import { PLAIN_KERNELS, useLibrary } from './library';
import type { LiveBuffers, Probe } from './probe';

// Every GPU buffer that an engine makes is freed with it, however it ends; counted at WebGPU itself.

declare const crowd: Crowd;
declare const probe: Probe;
declare const createEngine: (options: EngineOptions) => Promise<Engine>;

const NOTHING: LiveBuffers = { count: 0, bytes: 0 };
const { p40, p3 } = (
  JSON.parse(readFileSync('test/fixtures/zoo/llama.json', 'utf8')) as { prompts: { p40: number[]; p3: number[] } }
).prompts;
const MODEL = '/fixtures/zoo/llama.gguf';

const liveBuffers = (page: Page): Promise<LiveBuffers> => page.evaluate(() => probe.live());

test('load, answer, close, and again: as many buffers each time, and none after', async ({ page }, info) => {
  const library = await useLibrary(page, info.config.metadata);
  const input = [library, MODEL, p40] as const;
  const rounds: { live: LiveBuffers; text: string; gpuBytes: number }[] = [];
  for (let round = 0; round < 3; round++) {
    rounds.push(
      await page.evaluate(async ([library, model, prompt]) => {
        const engine = await createEngine({ model, maxConcurrent: 1, workerUrl: probe.workerUrl(library) });
        const { choices } = await engine.completions.create({ prompt, max_tokens: 8, temperature: 0 });
        const { gpuBytes } = await engine.stats();
        await probe.caughtUp();
        const live = probe.live();
        await engine.close();
        return { live, gpuBytes, text: choices[0]?.text ?? '' };
      }, input),
    );
    await expect.poll(async () => liveBuffers(page)).toEqual(NOTHING);
  }
  const [first] = rounds;
  expect(first?.live.count).toBeGreaterThan(20);
  expect(first?.live.bytes).toBeGreaterThanOrEqual(first?.gpuBytes ?? NaN);
  expect(rounds).toEqual([first, first, first]);
});

test('a load that fails or is aborted leaves nothing', async ({ page }, info) => {
  const library = await useLibrary(page, info.config.metadata);
  const attempt = async (given: { phase?: string; sha256?: string; kept?: number }): Promise<string> =>
    await page.evaluate(
      async ([library, model, { phase, sha256, kept }]) => {
        const whole = await (await fetch(model)).arrayBuffer();
        const abort = new AbortController();
        return await createEngine({
          model: new Blob([whole.slice(0, Math.floor(whole.byteLength * (kept ?? 1)))]),
          maxConcurrent: 1,
          workerUrl: probe.workerUrl(library),
          ...(sha256 === undefined ? {} : { sha256 }),
          signal: abort.signal,
          onProgress: (progress) => progress.phase === phase && abort.abort(),
        }).then(
          () => 'loaded',
          (error: Error & { code?: string }) => String(error.name === 'AbortError' ? error.name : error.code),
        );
      },
      [library, MODEL, given] as const,
    );
  const expectNothingLeft = async (): Promise<void> => expect.poll(async () => liveBuffers(page)).toEqual(NOTHING);
  expect(await attempt({ kept: 0.99 })).toBe('bad-gguf');
  await expectNothingLeft();
  expect(await attempt({ sha256: '0'.repeat(64) })).toBe('corrupt-model');
  await expectNothingLeft();
  for (const phase of ['probe', 'download', 'upload', 'compile', 'warmup']) {
    expect(await attempt({ phase }), phase).toBe('AbortError');
    await expectNothingLeft();
  }
  const counts = await page.evaluate(() =>
    probe.events.map((event) => (event.type === 'buffers' ? event.live.count : 0)),
  );
  expect(Math.max(...counts)).toBeGreaterThan(20); // there was something to leave
});

test('two engines in one page answer at the same time; one that is closed does not disturb the other', async ({
  page,
}, info) => {
  const library = await useLibrary(page, info.config.metadata);
  const result = await page.evaluate(
    async ([library, options, long, short]) => {
      const open = (name: string): Promise<Engine> =>
        createEngine({ ...options, model: `/fixtures/zoo/${name}.gguf`, workerUrl: probe.workerUrl(library) });
      const bodies = [
        { prompt: long, max_tokens: 24, temperature: 0 },
        { prompt: short, max_tokens: 24, temperature: 1, seed: 3, logprobs: 0 },
      ];
      const [llama, gemma] = [await open('llama'), await open('gemma3')];
      await probe.caughtUp(2);
      const both = probe.live();
      const alone = { llama: await crowd.solo(llama, bodies), gemma: await crowd.solo(gemma, bodies) };
      const [llamaTogether, gemmaTogether] = await Promise.all([crowd.solo(llama, bodies), crowd.solo(gemma, bodies)]);
      const goingOn = crowd.solo(gemma, bodies);
      const cutOff = llama.completions.create({ prompt: long, max_tokens: 300, temperature: 0 }).then(
        () => 'answered',
        ({ code }: { code: string }) => code,
      );
      await llama.close();
      const undisturbed = await goingOn;
      await probe.caughtUp();
      const one = probe.live();
      const { gpuBytes } = await gemma.stats();
      await gemma.close();
      return {
        alone,
        together: { llama: llamaTogether, gemma: gemmaTogether },
        undisturbed,
        cutOff: await cutOff,
        both,
        one,
        gpuBytes,
      };
    },
    [library, { maxConcurrent: 2, debug: { variants: PLAIN_KERNELS } }, p40, p3] as const,
  );
  expect(result.together).toEqual(result.alone);
  expect(result.undisturbed).toEqual(result.alone.gemma);
  expect(result.cutOff).toBe('closed');
  expect(result.one.bytes).toBeGreaterThanOrEqual(result.gpuBytes);
  expect(result.one.bytes).toBeLessThan(result.both.bytes);
  await expect.poll(async () => liveBuffers(page)).toEqual(NOTHING);
});
