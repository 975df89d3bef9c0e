// What `npm run bench` runs in its page. The function is sent there as text, so it names nothing outside of itself.

/**
 * @typedef {object} BenchInput
 * @property {string} model its address
 * @property {Record<string, string>} variants kernel → shape, instead of the probe's choice
 * @property {object} timeouts
 * @property {number[]} contexts tokens of the prompts whose reading, and the writing behind them, is measured
 * @property {number} decodeTokens
 * @property {number[]} streams how many answers to decode at once
 * @property {boolean} profile
 */

/** @param {BenchInput} input */
export async function measure({ model, variants, timeouts, contexts, decodeTokens, streams, profile }) {
  const library = '/lib/index.js';
  const { createEngine, measureBandwidth } = await import(library);
  const { bytesPerSecond: bandwidth } = await measureBandwidth();
  const started = performance.now();
  let engine = await createEngine({ model, timeouts, keep: false, debug: { variants } });
  const loadSeconds = (performance.now() - started) / 1000;
  const { info } = engine;
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(Math.max(...contexts, ...streams));
  const words = await engine.tokenize(text);
  /** An answer behind so many tokens, of which no other prompt has the beginning. */
  const answerTo = async (/** @type {number} */ tokens, /** @type {number} */ first) =>
    await engine.completions.create({
      prompt: [words[first], ...words.slice(1, tokens)],
      max_tokens: decodeTokens + 1,
      temperature: 0,
    });
  const answers = [];
  for (const [i, tokens] of contexts.entries()) {
    const { timings } = await answerTo(tokens, i + 1);
    answers.push({ context: tokens, timings });
  }
  const stats = await engine.stats();

  /** Times at which each token of an answer came, of answers that differ from their second token on. */
  const tokenTimes = async (/** @type {number} */ first) => {
    const chunks = await engine.completions.create({
      prompt: [words[0], words[first]],
      max_tokens: decodeTokens + 1,
      temperature: 0,
      stream: true,
    });
    const times = [];
    for await (const chunk of chunks) if (chunk.choices[0]?.finish_reason === null) times.push(performance.now());
    return times;
  };
  const concurrent = [];
  for (const count of streams) {
    const times = await Promise.all(Array.from({ length: count }, (_, i) => tokenTimes(i + 1)));
    // While all of them decode, and nothing else happens.
    const from = Math.max(...times.map((own) => own[0] ?? Infinity));
    const to = Math.min(...times.map((own) => own.at(-1) ?? 0));
    const tokens = times.flat().filter((time) => time > from && time <= to).length;
    concurrent.push({ streams: count, tokensPerSecond: (tokens * 1000) / (to - from) });
  }
  await engine.close();

  /** @type {{ kernel: string, dispatches: number, gpuMs: number }[]} */
  let kernels = [];
  if (profile) {
    engine = await createEngine({ model, timeouts, keep: false, debug: { variants, profile } });
    /** @type {() => Promise<typeof kernels>} */
    const times = async () => (await engine.stats()).kernelTimes;
    const before = new Map((await times()).map((time) => [time.kernel, time]));
    await answerTo(contexts[0] ?? 1, 1);
    kernels = (await times())
      .map(({ kernel, dispatches, gpuMs }) => {
        const known = before.get(kernel) ?? { dispatches: 0, gpuMs: 0 };
        return { kernel, dispatches: dispatches - known.dispatches, gpuMs: gpuMs - known.gpuMs };
      })
      .filter(({ dispatches }) => dispatches > 0)
      .toSorted((a, b) => b.gpuMs - a.gpuMs);
    await engine.close();
  }
  return { info, loadSeconds, answers, stats, concurrent, kernels, bandwidth };
}
