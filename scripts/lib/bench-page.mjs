// What `npm run bench` runs in its page, on the built library.

/**
 * @typedef {object} BenchInput
 * @property {string} model its address
 * @property {Record<string, string>} variants kernel → shape, instead of the probe's choice
 * @property {object} timeouts
 * @property {number[]} contexts tokens of the prompts whose reading, and the writing behind them, is measured
 * @property {number} decodeTokens
 * @property {number[]} streams how many answers to decode at once
 * @property {boolean} profile
 *
 * Of the library what is used here:
 * @typedef {{ prompt_n: number, prompt_ms: number, prompt_per_second: number, predicted_n: number, predicted_ms: number, predicted_per_second: number }} Timings
 * @typedef {{ prompt: number[], max_tokens: number, temperature: number }} Body
 * @typedef {{ kernel: string, dispatches: number, gpuMs: number }} KernelTime
 * @typedef {'weightBytesRead' | 'dispatches' | 'submits' | 'passes' | 'bindGroupsCreated' | 'bufferWrites' | 'readbackBytes' | 'buffersCreated'} Counter
 * @typedef {{ lastStep: Record<Counter, number>, loadMs: Record<string, number>, variants: Record<string, string>, gpuBytes: number, kernelTimes: KernelTime[] }} Stats
 * @typedef {{ model: { name: string, quantisation: string, sha256: string, contextLength: number, purpose: string }, device: { name: string, features: string[] } }} Info
 * @typedef {object} Engine
 * @property {Info} info
 * @property {(text: string) => Promise<number[]>} tokenize
 * @property {{ create: ((body: Body) => Promise<{ timings: Timings }>) & ((body: Body & { stream: true }) => Promise<AsyncIterable<{ choices: { finish_reason: string | null }[] }>>) }} completions
 * @property {() => Promise<Stats>} stats
 * @property {() => Promise<void>} close
 * @typedef {object} Library
 * @property {(options: object) => Promise<Engine>} createEngine
 * @property {() => Promise<{ bytesPerSecond: number }>} measureBandwidth
 */

/** What is read before anything is measured: chunks begin with 16 tokens and double while the device keeps up. */
const SETTLING_TOKENS = 1024;

/**
 * Throws what the library throws, and for a model that writes nothing, or holds none of the contexts.
 * @param {BenchInput} input @param {Library} library
 */
export async function measure(input, { createEngine, measureBandwidth }) {
  const { model, variants, timeouts, decodeTokens, profile } = input;
  const { bytesPerSecond: bandwidth } = await measureBandwidth();
  const open = (/** @type {object} */ debug) =>
    createEngine({ model, timeouts, keep: false, debug: { variants, ...debug } });
  const started = performance.now();
  const engine = await open({});
  const loadSeconds = (performance.now() - started) / 1000;
  const { info } = engine;
  if (profile && !info.device.features.includes('timestamp-query')) {
    throw new Error('--profile needs timestamp-query, which this adapter lacks. Leave it out.');
  }
  const { contexts, left } = fitting(input, info.model);
  const prompts = await makePrompts(engine, input);
  await answer(engine, prompts.of(Math.min(Math.max(...contexts), SETTLING_TOKENS), contexts.length), 0);
  const answers = [];
  for (const [i, context] of contexts.entries()) {
    answers.push({ context, timings: await answer(engine, prompts.of(context, i), decodeTokens) });
  }
  const stats = await engine.stats();
  const concurrent = [];
  for (const count of input.streams) {
    concurrent.push(await decodeTogether(engine, prompts.short(count), decodeTokens));
  }
  await engine.close();
  const kernels = profile
    ? await measureKernels(await open({ profile }), prompts.of(contexts[0] ?? 1, 0), decodeTokens)
    : [];
  return { info, loadSeconds, answers, left, stats, concurrent, kernels, bandwidth };
}

/**
 * The contexts that the model has room for, with the answer behind them, and those that it has not.
 * @param {BenchInput} input @param {Info['model']} model
 */
function fitting({ contexts, decodeTokens }, { contextLength, purpose }) {
  if (purpose !== 'text') throw new Error('This model makes embeddings: there is no answer to measure. Give another.');
  const fits = (/** @type {number} */ tokens) => tokens + decodeTokens + 1 <= contextLength;
  const found = { contexts: contexts.filter(fits), left: contexts.filter((tokens) => !fits(tokens)) };
  if (found.contexts.length > 0) return found;
  const most = contextLength - decodeTokens - 1;
  throw new Error(`The model holds ${contextLength} tokens here: give --contexts of at most ${most}.`);
}

/** Prompts of which none has the beginning of another, so that nothing is taken over. @param {Engine} engine @param {BenchInput} input */
async function makePrompts(engine, { contexts, streams }) {
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(Math.max(...contexts, ...streams));
  const words = await engine.tokenize(text);
  const firsts = [...new Set(words.slice(1))];
  const first = (/** @type {number} */ i) => firsts[i % firsts.length] ?? 0;
  return {
    of: (/** @type {number} */ tokens, /** @type {number} */ i) => [first(i), ...words.slice(1, tokens)],
    /** Answers differ from their second token on. */
    short: (/** @type {number} */ count) => Array.from({ length: count }, (_, i) => [words[0] ?? 0, first(i)]),
  };
}

/** @param {Engine} engine @param {number[]} prompt @param {number} decodeTokens behind the first */
async function answer(engine, prompt, decodeTokens) {
  const { timings } = await engine.completions.create({ prompt, max_tokens: decodeTokens + 1, temperature: 0 });
  if (timings.prompt_n !== prompt.length) throw new Error('A prompt was read before: give fewer --contexts at once.');
  return timings;
}

/** Tokens a second of several answers, while all of them decode and nothing else happens. @param {Engine} engine @param {number[][]} prompts @param {number} decodeTokens */
async function decodeTogether(engine, prompts, decodeTokens) {
  const times = await Promise.all(prompts.map((prompt) => tokenTimes(engine, prompt, decodeTokens)));
  const from = Math.max(...times.map((own) => own[0] ?? Infinity));
  const to = Math.min(...times.map((own) => own.at(-1) ?? 0));
  const tokens = times.flat().filter((time) => time > from && time <= to).length;
  return { streams: prompts.length, tokensPerSecond: to > from ? (tokens * 1000) / (to - from) : 0 };
}

/** When each token of an answer came. @param {Engine} engine @param {number[]} prompt @param {number} decodeTokens */
async function tokenTimes(engine, prompt, decodeTokens) {
  const chunks = await engine.completions.create({
    prompt,
    max_tokens: decodeTokens + 1,
    temperature: 0,
    stream: true,
  });
  const times = [];
  for await (const chunk of chunks) if (chunk.choices[0]?.finish_reason === null) times.push(performance.now());
  return times;
}

/** The GPU time of each kernel for one answer, the longest first. Closes the engine. @param {Engine} engine @param {number[]} prompt @param {number} decodeTokens */
async function measureKernels(engine, prompt, decodeTokens) {
  const before = new Map((await engine.stats()).kernelTimes.map((time) => [time.kernel, time]));
  await answer(engine, prompt, decodeTokens);
  const { kernelTimes } = await engine.stats();
  await engine.close();
  return kernelTimes
    .map(({ kernel, dispatches, gpuMs }) => {
      const known = before.get(kernel) ?? { dispatches: 0, gpuMs: 0 };
      return { kernel, dispatches: dispatches - known.dispatches, gpuMs: gpuMs - known.gpuMs };
    })
    .filter(({ dispatches }) => dispatches > 0)
    .toSorted((a, b) => b.gpuMs - a.gpuMs);
}
