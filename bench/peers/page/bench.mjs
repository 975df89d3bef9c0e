// Runs in a page of its own for each engine: loads it, gives it prompts, and takes times and counts.
import { COUNTED } from './counters.mjs';

/**
 * What each engine's file has: `start` loads the model, and `generate` answers a prompt greedily, calls `onToken`
 * for each token that comes, and resolves with how many prompt tokens it computed and how many it made.
 * @typedef {{ text: string, ids: readonly number[] }} Prompt the same, twice
 * @typedef {{ generate(prompt: Prompt, tokens: number, onToken: () => void): Promise<{ promptTokens: number, tokens: number }>, version: string, lastStep?(): Promise<Record<string, number>> }} Engine
 * @typedef {{ modelUrl: string, timeouts: object, contextTokens: number }} StartOptions
 * @typedef {{ prefillSeconds: number, decodeSeconds: number, counts: import('./counters.mjs').Counts }} Measured
 */

const MODULES = { forgelight: './forgelight.mjs', wllama: './wllama.mjs', transformers: './transformers.mjs' };

/** @type {Engine | null} the one of this page */
let engine = null;

function counts() {
  const values = /** @type {{ benchCounts?: () => number[] }} */ (self).benchCounts?.() ?? [];
  return /** @type {import('./counters.mjs').Counts} */ (
    Object.fromEntries(COUNTED.map((name, slot) => [name, values[slot]]))
  );
}

/** @param {keyof typeof MODULES} name @param {StartOptions} options */
export async function load(name, options) {
  const adapter = await navigator.gpu?.requestAdapter();
  const started = performance.now();
  engine = await /** @type {Promise<Engine>} */ (import(MODULES[name]).then(({ start }) => start(options)));
  return {
    loadSeconds: (performance.now() - started) / 1000,
    version: engine.version,
    adapter: adapter ? `${adapter.info.vendor} ${adapter.info.architecture}`.trim() : null,
    hasF16: adapter?.features.has('shader-f16') ?? false,
    cores: navigator.hardwareConcurrency,
  };
}

/**
 * One answer of the page's engine, as `measureAnswer`.
 * @param {Prompt} prompt @param {number} tokens
 * @returns {Promise<Measured>}
 */
export async function answer(prompt, tokens) {
  if (engine === null) throw new Error('No engine is loaded in this page.');
  return await measureAnswer(engine, prompt, tokens);
}

/**
 * Rejects when the engine did less than it was asked for: a cached prompt or an early end would look fast.
 * @param {Pick<Engine, 'generate'>} of @param {Prompt} prompt @param {number} tokens
 * @returns {Promise<Measured>}
 */
export async function measureAnswer(of, prompt, tokens) {
  const before = counts();
  /** @type {number[]} */
  const times = [];
  const started = performance.now();
  const done = await of.generate(prompt, tokens, () => times.push(performance.now()));
  if (done.promptTokens !== prompt.ids.length || done.tokens !== tokens || times.length !== tokens) {
    throw new Error(
      `Asked for ${prompt.ids.length} + ${tokens} tokens, it computed ${done.promptTokens} + ${done.tokens} and told of ${times.length}.`,
    );
  }
  const after = counts();
  return {
    prefillSeconds: (times[0] - started) / 1000,
    decodeSeconds: (times[tokens - 1] - times[0]) / 1000,
    counts: /** @type {import('./counters.mjs').Counts} */ (
      Object.fromEntries(COUNTED.map((name) => [name, after[name] - before[name]]))
    ),
  };
}

/** The engine's own counters of its last decode step, where it has some; and how many workers run. */
export async function finish() {
  return { lastStep: (await engine?.lastStep?.()) ?? null, workers: counts().workers };
}
