import { describe, expect, it, vi } from 'vitest';
import { measure } from './bench-page.mjs';

const INPUT = {
  model: '/models/tiny.gguf',
  variants: { matvec: 'rows' },
  timeouts: { stepMs: 5 },
  contexts: [4, 9],
  decodeTokens: 3,
  streams: [],
  profile: false,
};
const LAST_STEP = {
  ...{ weightBytesRead: 100, dispatches: 7, submits: 1, passes: 1 },
  ...{ bindGroupsCreated: 0, bufferWrites: 1, readbackBytes: 8, buffersCreated: 0 },
};

/**
 * A library whose engines answer as asked, and remember what they were asked for.
 * @param {{ contextLength?: number, purpose?: string, cached?: number, tokenMs?: (prompt: number[], i: number) => number, isLate?: (prompt: number[]) => boolean, features?: string[] }} [of]
 */
function fakeLibrary({
  contextLength = 100,
  purpose = 'text',
  cached = 0,
  tokenMs = () => 1,
  isLate = () => false,
  features = ['timestamp-query'],
} = {}) {
  /** @type {{ options: any, prompts: number[][], bodies: any[], isClosed: boolean }[]} */
  const engines = [];
  const createEngine = async (/** @type {any} */ options) => {
    const made = {
      options,
      prompts: /** @type {number[][]} */ ([]),
      bodies: /** @type {any[]} */ ([]),
      isClosed: false,
    };
    engines.push(made);
    const model = { name: 'Tiny', quantisation: 'Q4_1', sha256: 'aa', contextLength, purpose };
    return {
      info: { model, device: { name: 'an adapter', features } },
      // A first token that stands before every text, then the same ten words again and again.
      tokenize: async (/** @type {string} */ text) => [
        1,
        ...Array.from(text.match(/\w+/g) ?? [], (_, i) => 10 + (i % 9)),
      ],
      completions: {
        /** @param {any} body @returns {Promise<any>} */
        create: async (body) => {
          made.prompts.push(body.prompt);
          made.bodies.push(body);
          if (body.stream !== true) return { timings: timingsOf(body, cached) };
          return (async function* () {
            for (let turn = 0; turn < (isLate(body.prompt) ? 20 : 0); turn++) await Promise.resolve();
            for (let i = 0; i < body.max_tokens; i++) {
              vi.advanceTimersByTime(tokenMs(body.prompt, i));
              yield { choices: [{ finish_reason: null }] };
            }
            vi.advanceTimersByTime(1000);
            yield { choices: [{ finish_reason: 'length' }] };
          })();
        },
      },
      stats: async () => ({
        ...{ lastStep: LAST_STEP, loadMs: {}, variants: { matvec: 'rows' }, gpuBytes: 1 },
        // Loading took some of it already.
        kernelTimes: [
          { kernel: 'matvec', dispatches: 10 + 20 * made.prompts.length, gpuMs: 1 + 4 * made.prompts.length },
          { kernel: 'attention', dispatches: 5 * made.prompts.length, gpuMs: 6 * made.prompts.length },
          { kernel: 'relayout', dispatches: 3, gpuMs: 9 },
        ],
      }),
      close: async () => void (made.isClosed = true),
    };
  };
  return { engines, library: { createEngine, measureBandwidth: async () => ({ bytesPerSecond: 50e9 }) } };
}

/** @param {{ prompt: number[], max_tokens: number }} body @param {number} cached */
function timingsOf({ prompt, max_tokens }, cached) {
  const [prompt_n, predicted_n] = [prompt.length - cached, max_tokens];
  return { prompt_n, prompt_ms: 8, prompt_per_second: 1, predicted_n, predicted_ms: 6, predicted_per_second: 1 };
}

describe('what npm run bench measures in its page', () => {
  it('is an answer behind each context, each to a prompt that begins otherwise, on an engine that keeps nothing', async () => {
    const { engines, library } = fakeLibrary();
    const found = await measure(INPUT, library);
    expect(engines.map(({ options, isClosed }) => [options, isClosed])).toEqual([
      [{ model: INPUT.model, timeouts: INPUT.timeouts, keep: false, debug: { variants: INPUT.variants } }, true],
    ]);
    const { prompts, bodies } = engines[0];
    // Before both one that lets chunks grow, which is not measured.
    expect(prompts.map((prompt) => prompt.length)).toEqual([9, 4, 9]);
    expect(new Set(prompts.map(([first]) => first)).size).toBe(3);
    expect(prompts[2].slice(1)).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
    // The first token is the prompt's, the others are what decoding gives.
    expect(bodies.map(({ max_tokens, temperature }) => [max_tokens, temperature])).toEqual([
      [1, 0],
      [4, 0],
      [4, 0],
    ]);
    expect(found).toMatchObject({
      bandwidth: 50e9,
      left: [],
      concurrent: [],
      kernels: [],
      stats: { lastStep: LAST_STEP },
    });
    expect(found.answers.map(({ context, timings }) => [context, timings.prompt_n])).toEqual([
      [4, 4],
      [9, 9],
    ]);
  });

  it('lets chunks grow over no more tokens than that takes', async () => {
    const { engines, library } = fakeLibrary({ contextLength: 4000 });
    const { answers } = await measure({ ...INPUT, contexts: [3000] }, library);
    expect(engines[0].prompts.map((prompt) => prompt.length)).toEqual([1024, 3000]);
    expect(answers.map(({ context }) => context)).toEqual([3000]);
  });

  it('leaves out the contexts for which the model has no room, and says so where it has for none', async () => {
    const { library } = fakeLibrary({ contextLength: 8 });
    const found = await measure(INPUT, library);
    expect([found.answers.map(({ context }) => context), found.left]).toEqual([[4], [9]]);
    await expect(measure({ ...INPUT, contexts: [5] }, library)).rejects.toThrow(
      'The model holds 8 tokens here: give --contexts of at most 4.',
    );
  });

  it('is nothing of a model that writes nothing, and no prompt that was read before', async () => {
    await expect(measure(INPUT, fakeLibrary({ purpose: 'embedding' }).library)).rejects.toThrow('makes embeddings');
    await expect(measure(INPUT, fakeLibrary({ cached: 1 }).library)).rejects.toThrow('A prompt was read before');
  });

  it('is the time of each kernel for one answer on an engine of its own, what loading took taken off', async () => {
    const { engines, library } = fakeLibrary();
    const { kernels } = await measure({ ...INPUT, profile: true }, library);
    expect(kernels).toEqual([
      { kernel: 'attention', dispatches: 5, gpuMs: 6 },
      { kernel: 'matvec', dispatches: 20, gpuMs: 4 },
    ]);
    expect(engines.map(({ options }) => options.debug.profile)).toEqual([undefined, true]);
    expect(engines[1]).toMatchObject({ prompts: [{ length: 4 }], isClosed: true });
  });

  it('ends before it measures anything where an adapter cannot tell the time of kernels', async () => {
    const { engines, library } = fakeLibrary({ features: ['subgroups'] });
    await expect(measure({ ...INPUT, profile: true }, library)).rejects.toThrow('--profile needs timestamp-query');
    expect(engines.map(({ prompts }) => prompts)).toEqual([[]]);
    expect((await measure(INPUT, library)).kernels).toEqual([]);
  });

  it('counts tokens of several answers while all of them decode', async () => {
    vi.useFakeTimers();
    try {
      // Answers take turns, each token 10 ms: of two one comes each 10 ms, once the second, which is late, has its first.
      const isLate = (/** @type {number[]} */ [, second]) => second === 11;
      const { engines, library } = fakeLibrary({
        isLate,
        tokenMs: (prompt, i) => (i === 0 && isLate(prompt) ? 500 : 10),
      });
      const { concurrent } = await measure({ ...INPUT, decodeTokens: 40, contexts: [4], streams: [1, 2] }, library);
      expect(concurrent.map(({ streams }) => streams)).toEqual([1, 2]);
      expect(concurrent[0]?.tokensPerSecond).toBeCloseTo(100);
      expect(concurrent[1]?.tokensPerSecond).toBeCloseTo(100);
      expect(new Set(engines[0].prompts.slice(-2).map(String)).size).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });
});
