import { describe, expect, it } from 'vitest';
import { ask, endOf, idsOf } from '../../test/support/ask';
import { testLoad } from '../../test/support/load-zoo';
import { readZoo } from '../../test/support/zoo';
import type { HostRequest } from '../protocol/engine-port';
import type { HostedEngine } from './hosted-engine';

async function load(name: string, options: Readonly<Record<string, unknown>> = {}): Promise<HostedEngine> {
  const { bytes } = await readZoo(name);
  return testLoad(new Uint8Array(bytes), { options: { debug: { chunkTokens: 16 }, ...options } }).run();
}

function completion(prompt: readonly number[], maxTokens: number): HostRequest {
  return {
    kind: 'completion',
    body: { prompt, max_tokens: maxTokens, temperature: 1, top_k: 0, seed: 3, logprobs: 1, logit_bias: { 1: -100 } },
  };
}

/** Tokens and their logprobs, bit by bit. */
async function answer(engine: HostedEngine, prompt: readonly number[], maxTokens: number) {
  const events = await ask(engine, completion(prompt, maxTokens));
  const logprobs = events.flatMap((event) => (event.type === 'token' ? [event.logprob] : []));
  return { ids: idsOf(events), logprobs, end: endOf(events) };
}

const PROMPT = Array.from({ length: 45 }, (_, i) => 3 + ((i * 37) % 350));

describe.each([
  ['llama', {}],
  ['gemma3', { contextLength: 256 }], // layers with a window of their own
])('%s', (name, options) => {
  it('computes only what is new of a second turn, and answers as if it had computed all', async () => {
    const engine = await load(name, options);
    const first = await answer(engine, PROMPT, 6);
    expect(first.end).toMatchObject({ usage: { cachedTokens: 0 }, timings: { cache_n: 0, prompt_n: 45 } });
    const second = [...PROMPT, ...first.ids, 9, 8, 7];
    const warm = await answer(engine, second, 6);
    // The 32 tokens of the first prompt's whole blocks; what was generated is prefilled again.
    expect(warm.end).toMatchObject({
      usage: { promptTokens: second.length, cachedTokens: 32 },
      timings: { cache_n: 32, prompt_n: second.length - 32 },
    });
    const cold = await load(name, options);
    const alone = await answer(cold, second, 6);
    expect([warm.ids, warm.logprobs]).toEqual([alone.ids, alone.logprobs]);
    await Promise.all([engine.close(), cold.close()]);
  });

  it('answers the same among others and when it loses its place to them', async () => {
    const cold = await load(name, options);
    const prompts = [PROMPT, PROMPT.slice(0, 20), [...PROMPT.slice(0, 33), 4, 5], PROMPT.slice(7)];
    const alone: Awaited<ReturnType<typeof answer>>[] = [];
    for (const prompt of prompts) alone.push(await answer(cold, prompt, 20));
    // Six blocks: room for one of them, or for parts of two.
    const crowded = await load(name, { ...options, kvCacheTokens: 96, contextLength: 96, maxConcurrent: 4 });
    let preemptions = 0;
    crowded.watch((event) => {
      if (event.type === 'request' && event.state === 'queued') preemptions += 1;
    });
    const together = await Promise.all(prompts.map((prompt) => answer(crowded, prompt, 20)));
    together.forEach((one, i) => expect([one.ids, one.logprobs]).toEqual([alone[i]?.ids, alone[i]?.logprobs]));
    expect(preemptions).toBeGreaterThan(prompts.length); // each is queued once when it comes
    const { kv } = crowded.snapshot();
    expect(kv.freeBlocks).toBe(kv.totalBlocks);
    expect(kv.window?.freeBlocks).toBe(kv.window?.totalBlocks);
    await Promise.all([cold.close(), crowded.close()]);
  });
});

describe('layers with a window', () => {
  it('hold what their next tokens can see, however long the answer grows', async () => {
    const engine = await load('gemma3', { contextLength: 256, maxConcurrent: 1 });
    const { totalBlocks, window } = engine.snapshot().kv;
    expect(totalBlocks).toBe(16);
    expect(window?.totalBlocks).toBeLessThan(6);
    let most = 0;
    const events = await ask(engine, completion(PROMPT, 120), () => {
      const { kv } = engine.snapshot();
      most = Math.max(most, (kv.window?.totalBlocks ?? 0) - (kv.window?.freeBlocks ?? 0));
    });
    expect(idsOf(events).length).toBe(120);
    expect(most).toBeLessThanOrEqual(window?.totalBlocks ?? 0);
    await engine.close();
  });
});
