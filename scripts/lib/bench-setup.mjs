// What every bench needs before it measures: dependencies, model, library and browser; and pages with nothing else in them.
import { once } from 'node:events';
import { join } from 'node:path';
import { ensureDefaultModel } from '../model.mjs';
import { createStaticServer } from '../serve.mjs';
import { CHROMIUM_FLAGS } from './chromium-flags.mjs';
import { ensureChromium } from './chromium.mjs';
import { reasonOf, runNode, SetupError } from './command.mjs';
import { ensureDependencies } from './install.mjs';
import { ROOT } from './paths.mjs';

const BLANK_PAGE = '/bench.html';
/** GPU timestamps are coarse without it. */
const EXACT_TIMESTAMPS = '--enable-webgpu-developer-features';

/**
 * Gets what is missing and builds the library.
 * @param {AbortSignal} signal
 * @param {boolean} [withModel] the default model too
 * @returns {Promise<{ executablePath: string, timeouts: object }>} the browser, and the engine's timeouts
 */
export async function prepareBench(signal, withModel = true) {
  await ensureDependencies(signal);
  const timeouts = await timeoutsOfHost();
  if (withModel) await ensureDefaultModel(signal);
  // Quiet, so that with --json there is nothing else on the output.
  const { code, output } = await runNode(['scripts/build.mjs'], { signal, quiet: true });
  if (code !== 0) throw new SetupError(`The library could not be built:\n${output}`);
  return { executablePath: await ensureChromium(signal), timeouts };
}

/** The engine's own reading of `FORGELIGHT_TIMEOUT_*`: a slow machine needs longer ones, and a wrong one is told before any work. */
async function timeoutsOfHost() {
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(join(ROOT, 'src/protocol/timeouts.ts'), { configFile: false });
  try {
    const { stepMs, requestMs, stallMs } = module.timeoutsFromEnvironment(process.env);
    return { stepMs, requestMs, stallMs };
  } catch (error) {
    throw new SetupError(reasonOf(error));
  }
}

/**
 * Starts a server and a browser, and ends both when `use` is done. `openPage` gives a blank page of its own, so that
 * nothing else draws or computes in it; `/lib/` and `/models/` are there, and at `/` what `folder` holds.
 * @template T
 * @param {object} options
 * @param {string} options.executablePath
 * @param {boolean} options.adapter the real graphics card instead of the software adapter
 * @param {string} [options.folder]
 * @param {string} [options.models] folder
 * @param {Readonly<Record<string, string>>} [options.headers] sent with the blank page
 * @param {(openPage: () => Promise<import('playwright').Page>, browser: import('playwright').Browser) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withBenchBrowser({ executablePath, adapter, folder, models, headers = {} }, use) {
  const { chromium } = await import('playwright');
  const folders = { ...(folder === undefined ? {} : { page: folder }), ...(models === undefined ? {} : { models }) };
  const server = createStaticServer(folders).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const flags = adapter ? CHROMIUM_FLAGS.filter((flag) => !flag.includes('swiftshader')) : CHROMIUM_FLAGS;
  const browser = await chromium.launch({ executablePath, headless: false, args: [...flags, EXACT_TIMESTAMPS] });
  const address = `http://127.0.0.1:${port}${BLANK_PAGE}`;
  const openPage = async () => {
    const page = await browser.newPage();
    await page.route(address, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html>', headers: { ...headers } }),
    );
    await page.goto(address);
    return page;
  };
  try {
    return await use(openPage, browser);
  } finally {
    await browser.close();
    server.close();
  }
}
