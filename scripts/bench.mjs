// `npm run bench`: prefill and decode of the default model in a browser on this machine, as a table; `--json` for JSON.
// `--variants matvec=lanes,matmul=tile` forces kernel shapes, `--adapter` uses the real graphics card, `--contexts 128,1024,4096`
// measures behind longer prompts, `--streams` also decodes 1, 2, 4 and 8 answers at once, `--profile` tells the GPU time of each
// kernel, `--history FILE` compares with the last run on the same adapter that the file holds, and adds this one.
import { once } from 'node:events';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copyBandwidth, measure } from './lib/bench-page.mjs';
import { comparison, table } from './lib/bench-table.mjs';
import { CHROMIUM_FLAGS } from './lib/chromium-flags.mjs';
import { ensureChromium } from './lib/chromium.mjs';
import { reasonOf, runNode, runScript, SetupError } from './lib/command.mjs';
import { ensureDependencies } from './lib/install.mjs';
import { ROOT } from './lib/paths.mjs';
import { ensureDefaultModel } from './model.mjs';
import { createStaticServer } from './serve.mjs';

/** @typedef {import('./lib/bench-page.mjs').BenchInput} BenchInput */
/** @typedef {import('./lib/bench-table.mjs').BenchResult} BenchResult */

const DECODE_TOKENS = 16;
const STREAMS = [1, 2, 4, 8];
const BLANK_PAGE = '/bench.html';
/** Timestamps are coarse without it. */
const EXACT_TIMESTAMPS = '--enable-webgpu-developer-features';

await runScript(async (signal) => {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      adapter: { type: 'boolean', default: false },
      variants: { type: 'string', default: '' },
      contexts: { type: 'string', default: '64' },
      streams: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      history: { type: 'string' },
    },
  });
  const contexts = contextsOf(values.contexts);
  await ensureDependencies(signal);
  const timeouts = await timeoutsOfHost();
  await ensureDefaultModel(signal);
  const { code } = await runNode(['scripts/build.mjs'], { signal });
  if (code !== 0) throw new SetupError('The library could not be built: the builder said why above.');
  const variants = Object.fromEntries(
    values.variants
      .split(',')
      .filter(Boolean)
      .map((pair) => pair.split('=')),
  );
  const { profile } = values;
  const streams = values.streams ? STREAMS : [];
  const input = { variants, timeouts, contexts, decodeTokens: DECODE_TOKENS, streams, profile };
  const measured = await measureInBrowser(await ensureChromium(signal), input, values.adapter);
  const result = { ...measured, date: new Date().toISOString() };
  console.log(values.json ? JSON.stringify(result, null, 2) : table(result));
  if (values.history !== undefined) await addToHistory(values.history, result);
  return 0;
});

/** @param {string} list */
function contextsOf(list) {
  const contexts = list.split(',').map(Number);
  const wrong = contexts.find((tokens) => !Number.isInteger(tokens) || tokens < 1);
  if (wrong !== undefined) throw new SetupError(`--contexts "${list}": give whole numbers of tokens, as in 128,1024.`);
  return contexts;
}

/** The engine's own reading of `FORGELIGHT_TIMEOUT_*`: a slow machine needs longer ones, and a wrong one is told before any work. */
async function timeoutsOfHost() {
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(join(ROOT, 'src/protocol/timeouts.ts'), { configFile: false });
  try {
    return module.timeoutsFromEnvironment(process.env);
  } catch (error) {
    throw new SetupError(reasonOf(error));
  }
}

/** @param {string} executablePath @param {BenchInput} input @param {boolean} realAdapter */
async function measureInBrowser(executablePath, input, realAdapter) {
  const { chromium } = await import('playwright');
  const server = createStaticServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const flags = realAdapter ? CHROMIUM_FLAGS.filter((flag) => !flag.includes('swiftshader')) : CHROMIUM_FLAGS;
  const browser = await chromium.launch({ executablePath, headless: false, args: [...flags, EXACT_TIMESTAMPS] });
  try {
    const page = await browser.newPage();
    const origin = `http://127.0.0.1:${port}`;
    // A page of its own, so that nothing else draws or computes.
    await page.route(`${origin}${BLANK_PAGE}`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
    );
    await page.goto(`${origin}${BLANK_PAGE}`);
    const bandwidth = await page.evaluate(copyBandwidth);
    return { ...(await page.evaluate(measure, input)), bandwidth };
  } finally {
    await browser.close();
    server.close();
  }
}

/** One run a line. @param {string} path @param {BenchResult} result */
async function addToHistory(path, result) {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  /** @type {BenchResult[]} */
  const runs = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const key = (/** @type {BenchResult} */ { info }) => `${info.device.name} ${info.model.sha256}`;
  const last = runs.findLast((run) => key(run) === key(result));
  if (last !== undefined) console.log(comparison(result, last));
  await appendFile(path, `${JSON.stringify(result)}\n`);
}
