// `npm run bench`: prefill and decode of the default model in a browser on this machine, as a table; `--json` for JSON.
// `--model FILE` measures another GGUF file. `--variants matvec=lanes` forces kernel shapes, `--adapter` uses the real graphics card, `--contexts 128,1024` chooses the
// prompts (usually 64 tokens, on a real card 128 to 4,096), `--streams` also decodes 1, 2, 4 and 8 answers at once, `--profile` tells the GPU time of each
// kernel, `--history FILE` compares with the last run on the same adapter that the file holds, and adds this one.
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { addToHistory, lastLike, readHistory } from './lib/bench-history.mjs';
import { prepareBench, withBenchBrowser } from './lib/bench-setup.mjs';
import { comparison, table, weightRates } from './lib/bench-table.mjs';
import { readOptions, reasonOf, runScript, SetupError } from './lib/command.mjs';
import { modelsFolder } from './lib/paths.mjs';
import { DEFAULT_MODEL } from './model.mjs';

/** @typedef {import('./lib/bench-page.mjs').BenchInput} BenchInput */

const USAGE =
  'Options: --model FILE, --json, --adapter, --variants matvec=lanes, --contexts 128,1024, --streams, --profile, --history FILE.';
const DECODE_TOKENS = 16;
const STREAMS = [1, 2, 4, 8];
/** A software adapter reads some tens of tokens a second. */
const SOFTWARE_CONTEXTS = '64';
const CARD_CONTEXTS = '128,512,1024,2048,4096';

await runScript(async (signal) => {
  const { values } = readOptions(USAGE, () =>
    parseArgs({
      options: {
        model: { type: 'string' },
        json: { type: 'boolean', default: false },
        adapter: { type: 'boolean', default: false },
        variants: { type: 'string', default: '' },
        contexts: { type: 'string' },
        streams: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        history: { type: 'string' },
      },
    }),
  );
  const { profile, history, adapter, json } = values;
  const contexts = contextsOf(values.contexts ?? (adapter ? CARD_CONTEXTS : SOFTWARE_CONTEXTS));
  const variants = variantsOf(values.variants);
  const file = await modelFile(values.model);
  const runs = history === undefined ? [] : await readHistory(history);
  const { executablePath, timeouts } = await prepareBench(signal, values.model === undefined);
  const streams = values.streams ? STREAMS : [];
  const model = `/models/${encodeURIComponent(basename(file))}`;
  const input = { model, variants, timeouts, contexts, decodeTokens: DECODE_TOKENS, streams, profile };
  const measured = await measureInPage(input, { executablePath, adapter, models: dirname(file) });
  const result = { ...measured, weights: weightRates(measured), date: new Date().toISOString() };
  console.log(json ? JSON.stringify(result, null, 2) : table(result));
  if (history === undefined) return 0;
  // Beside what programs read, which is on the standard output.
  const last = lastLike(runs, result);
  if (last !== undefined) console.error(comparison(result, last));
  await addToHistory(history, result);
  return 0;
});

/**
 * Throws `SetupError` with the words of what could not be measured.
 * @param {BenchInput} input @param {{ executablePath: string, adapter: boolean, models: string }} browser
 */
async function measureInPage(input, browser) {
  const folder = join(import.meta.dirname, 'lib');
  try {
    return await withBenchBrowser({ ...browser, folder }, async (openPage) =>
      (await openPage()).evaluate(async (given) => {
        const [library, bench] = ['/lib/index.js', '/bench-page.mjs'];
        /** @type {typeof import('./lib/bench-page.mjs')} */
        const { measure } = await import(bench);
        return measure(given, await import(library));
      }, input),
    );
  } catch (error) {
    const told = /^page\.evaluate: (?:ForgelightError|Error): (.*)/.exec(reasonOf(error))?.[1];
    throw told === undefined ? error : new SetupError(told);
  }
}

/** @param {string} list */
function variantsOf(list) {
  const pairs = list.split(',').filter(Boolean);
  const wrong = pairs.find((pair) => !/^\w+=[\w-]+$/.test(pair));
  if (wrong === undefined) return Object.fromEntries(pairs.map((pair) => pair.split('=')));
  throw new SetupError(`--variants "${list}": give kernels and their shapes, as in matvec=lanes,int8=int8-lanes.`);
}

/** @param {string | undefined} path as given; the default model's where none is */
async function modelFile(path) {
  if (path === undefined) return join(modelsFolder(), DEFAULT_MODEL.fileName);
  const file = resolve(path);
  const isThere = await stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (isThere && file.endsWith('.gguf')) return file;
  throw new SetupError(`--model "${path}": ${isThere ? 'its name does not end with .gguf' : 'there is no such file'}.`);
}

/** @param {string} list */
function contextsOf(list) {
  const contexts = list.split(',').map(Number);
  const wrong = contexts.find((tokens) => !Number.isInteger(tokens) || tokens < 1);
  if (wrong !== undefined) throw new SetupError(`--contexts "${list}": give whole numbers of tokens, as in 128,1024.`);
  return contexts;
}
