// `node bench/peers/run.mjs`: Forgelight beside wllama and transformers.js, with one model, in one browser, on one adapter, in
// alternating rounds. `--only forgelight,wllama`, `--prompt 32 --decode 8` (tokens), `--rounds 3`, `--adapter` for the real
// graphics card, `--model gemma3` for Gemma 3 270M, `--json`, `--at-least 10` to fail where it decodes less than ten times as fast as
// what runs on the adapter. Not a part of the tests: what it compares with is installed into this folder alone.
import { parseArgs } from 'node:util';
import { prepareBench, withBenchBrowser } from '../../scripts/lib/bench-setup.mjs';
import { readOptions, reasonOf, runScript, SetupError } from '../../scripts/lib/command.mjs';
import { ensureDependencies } from '../../scripts/lib/install.mjs';
import { DEFAULT_MODEL, ensureGemmaModel, GEMMA_MODEL } from '../../scripts/model.mjs';
import { COUNTED, installCounters } from './page/counters.mjs';
import { bestOf, countsPerToken, disagreements, ratios, table, tooSlow, whereItRan } from './report.mjs';
import { ensureTwin } from './twin.mjs';

/** @typedef {'forgelight' | 'wllama' | 'transformers'} Name */
/** @typedef {import('./page/bench.mjs').Prompt} Prompt */
/** @typedef {{ modelUrl: string, promptTokens: number, decodeTokens: number, rounds: number, timeouts: object }} Options */

/** @type {readonly Name[]} */
const ENGINES = ['forgelight', 'wllama', 'transformers'];
/** Of the other there is no twin for transformers.js. */
const MODELS = { smollm2: DEFAULT_MODEL, gemma3: GEMMA_MODEL };
/** Threads share memory in such pages only, and so do our counters. */
const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const USAGE = `Options: --json, --adapter, --model smollm2 or gemma3, --only ${ENGINES.join(',')}, --prompt, --decode, --rounds and --at-least with a number.`;
const SENTENCE = 'The quick brown fox jumps over the lazy dog. ';

await runScript(async (signal) => {
  const { names, adapter, json, model, atLeast, ...sizes } = readArguments();
  const { executablePath, timeouts } = await prepareBench(signal);
  await ensureDependencies(signal, import.meta.dirname);
  if (model === 'gemma3') await ensureGemmaModel(signal);
  const modelUrl = `/models/${MODELS[model].fileName}`;
  /** @type {{ name: string, why: string }[]} */
  const missing = [];
  const noTwin = names.includes('transformers') ? await twinProblem(model, signal) : null;
  if (noTwin !== null) missing.push({ name: 'transformers', why: noTwin });
  const result = await withBenchBrowser(
    { executablePath, adapter, folder: import.meta.dirname, headers: ISOLATED },
    async (openPage, browser) => ({
      browser: browser.version(),
      ...(await measureAll(openPage, names, { ...sizes, modelUrl, timeouts }, missing)),
    }),
  );
  if (result.peers.length === 0) throw new SetupError(missing.map(leftOut).join('\n'));
  console.log(
    json ? JSON.stringify({ ...sizes, ...result, missing }, null, 2) : text({ ...sizes, ...result, missing }),
  );
  const problem = atLeast === null ? null : tooSlow(result.peers, atLeast);
  if (problem !== null) throw new SetupError(problem);
  return 0;
});

function readArguments() {
  const { values } = readOptions(USAGE, () =>
    parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        adapter: { type: 'boolean', default: false },
        model: { type: 'string', default: 'smollm2' },
        only: { type: 'string', default: ENGINES.join(',') },
        prompt: { type: 'string', default: '32' },
        decode: { type: 'string', default: '8' },
        rounds: { type: 'string', default: '3' },
        'at-least': { type: 'string' },
      },
    }),
  );
  const asked = values.only.split(',');
  const unknown = asked.filter((name) => !ENGINES.some((known) => known === name));
  if (unknown.length > 0) throw new SetupError(`--only knows ${ENGINES.join(', ')}, and not ${unknown.join(', ')}.`);
  if (values['at-least'] !== undefined && !asked.includes('forgelight')) {
    throw new SetupError('--at-least compares forgelight with the others: it must be among --only.');
  }
  const model = values.model === 'gemma3' ? 'gemma3' : 'smollm2';
  if (values.model !== model) throw new SetupError(`--model is smollm2 or gemma3, and not ${values.model}.`);
  return {
    model: /** @type {keyof typeof MODELS} */ (model),
    names: ENGINES.filter((name) => asked.includes(name)),
    json: values.json,
    adapter: values.adapter,
    promptTokens: positive('prompt', values.prompt),
    decodeTokens: positive('decode', values.decode),
    rounds: positive('rounds', values.rounds),
    atLeast: values['at-least'] === undefined ? null : positive('at-least', values['at-least']),
  };
}

/** @param {keyof typeof MODELS} model @param {AbortSignal} signal */
async function twinProblem(model, signal) {
  return model === 'smollm2' ? ensureTwin(signal) : 'this model has no ONNX twin here';
}

/** @param {string} name @param {string} value */
function positive(name, value) {
  const count = Number(value);
  if (Number.isInteger(count) && count > 0) return count;
  throw new SetupError(`--${name} must be a whole number above 0, and is "${value}".`);
}

/**
 * Loads each engine in a page of its own, then lets them answer in turns. A peer that fails is left out from there on; what
 * fails in Forgelight fails here.
 * @param {() => Promise<import('playwright').Page>} openPage
 * @param {readonly Name[]} names
 * @param {Options} options
 * @param {{ name: string, why: string }[]} missing told of who fails
 */
async function measureAll(openPage, names, options, missing) {
  /** @template T @param {Name} name @param {() => Promise<T>} work @returns {Promise<T[]>} what came of it, or nothing */
  const attempt = async (name, work) => {
    if (missing.some((other) => other.name === name)) return [];
    try {
      return [await work()];
    } catch (error) {
      if (name === 'forgelight') throw error;
      missing.push({ name, why: `it fails here (${reasonOf(error).split('\n')[0]})` });
      return [];
    }
  };
  const prompts = await makePrompts(await openPage(), options);
  const engines = [];
  for (const name of names) {
    engines.push(...(await attempt(name, async () => loadEngine(await openPage(), name, options))));
  }
  for (const prompt of prompts.slice(1)) {
    for (const engine of engines) {
      engine.rounds.push(...(await attempt(engine.name, () => engine.answer(prompt, options.decodeTokens + 1))));
    }
  }
  const peers = [];
  for (const engine of engines) {
    peers.push(...(await attempt(engine.name, () => summary(engine, prompts[0], options))));
  }
  return { cores: engines[0]?.loaded.cores, adapter: engines[0]?.loaded.adapter, peers };
}

/**
 * One prompt for each round, and one for the counts. They differ from their beginning, so that none is taken over from the
 * round before; and the text gives the ids again, because wllama takes text alone.
 * @param {import('playwright').Page} page @param {Options} options @returns {Promise<Prompt[]>}
 */
async function makePrompts(page, { modelUrl, promptTokens, rounds }) {
  const prompts = await page.evaluate(
    async ({ modelUrl, texts, promptTokens }) => {
      const library = '/lib/index.js';
      const { loadTokenizer } = await import(library);
      const tokenizer = await loadTokenizer(modelUrl);
      // What stands before every text, <bos> for one, is no part of it.
      const before = tokenizer.encode('').length;
      return texts.map((whole) => {
        const ids = tokenizer.encode(whole).slice(0, promptTokens);
        const text = tokenizer.decode(ids.slice(before));
        if (tokenizer.encode(text).join() !== ids.join()) throw new Error(`"${text}" has other tokens by itself.`);
        return { ids, text };
      });
    },
    {
      modelUrl,
      texts: Array.from({ length: rounds + 1 }, (_, i) => `${i} ${SENTENCE.repeat(promptTokens)}`),
      promptTokens,
    },
  );
  await page.close();
  return prompts;
}

/** @param {import('playwright').Page} page @param {Name} name @param {Options} options */
async function loadEngine(page, name, { modelUrl, timeouts, promptTokens, decodeTokens }) {
  const source = installCounters.toString();
  await page.evaluate(`(${source})(${JSON.stringify(source)}, ${COUNTED.length})`);
  const contextTokens = Math.max(1024, promptTokens + decodeTokens + 1);
  const loaded = await page.evaluate(
    async ({ name, start }) => {
      const harness = '/page/bench.mjs';
      return (await import(harness)).load(name, start);
    },
    { name, start: { modelUrl, timeouts, contextTokens } },
  );
  /** @type {(prompt: Prompt, tokens: number) => Promise<import('./page/bench.mjs').Measured>} */
  const answer = async (prompt, tokens) => {
    await page.bringToFront();
    return page.evaluate(
      async ({ prompt, tokens }) => {
        const harness = '/page/bench.mjs';
        return (await import(harness)).answer(prompt, tokens);
      },
      { prompt, tokens },
    );
  };
  return { page, name, loaded, answer, rounds: /** @type {import('./page/bench.mjs').Measured[]} */ ([]) };
}

/** @param {Awaited<ReturnType<typeof loadEngine>>} engine @param {Prompt} prompt @param {Options} options */
async function summary({ page, name, loaded, answer, rounds }, prompt, options) {
  const { lastStep, workers } = await page.evaluate(async () => {
    const harness = '/page/bench.mjs';
    return (await import(harness)).finish();
  });
  const long = rounds[rounds.length - 1].counts;
  const perToken = countsPerToken(long, (await answer(prompt, 1)).counts, options.decodeTokens);
  const wrong = lastStep === null ? [] : disagreements(perToken, lastStep);
  if (wrong.length > 0) throw new Error(`The wrapped prototypes and the engine count differently: ${wrong.join('; ')}`);
  return {
    name,
    version: loaded.version,
    loadSeconds: loaded.loadSeconds,
    ran: whereItRan(long, { ...loaded, workers }),
    ...bestOf(rounds, options),
    perToken,
  };
}

/** @param {{ name: string, why: string }} missing */
function leftOut({ name, why }) {
  return `${name} is left out: ${why}.`;
}

/** @param {Omit<Options, 'timeouts' | 'modelUrl'> & Awaited<ReturnType<typeof measureAll>> & { browser: string, missing: { name: string, why: string }[] }} result */
function text({ promptTokens, decodeTokens, rounds, browser, cores, adapter, peers, missing }) {
  return [
    `Prompts of ${promptTokens} tokens, ${decodeTokens} decoded after the first, the best of ${rounds} rounds.`,
    `Chromium ${browser}, adapter ${adapter}, ${cores} cores. Counts are of one decoded token.`,
    '',
    table(peers),
    ...(peers.length > 1 ? ['', ratios(peers)] : []),
    ...missing.map((peer) => `\n${leftOut(peer)}`),
  ].join('\n');
}
