// Finds a Chromium that offers WebGPU, or installs one. Only tests need it.
import { existsSync, readdirSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { delimiter, join } from 'node:path';
import { hasApt, installWithApt } from './apt.mjs';
import { CHROMIUM_FLAGS } from './chromium-flags.mjs';
import { reasonOf, runNode, SetupError } from './command.mjs';
import { probeWebGpu } from './web-gpu-probe.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const USUAL_PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];
const INSIDE_OF_CACHE = [
  'chrome-linux64/chrome',
  'chrome-linux/chrome',
  'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
  'chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
  'chrome-win64/chrome.exe',
];
const LAUNCH_TIMEOUT_MS = 60_000;
const INSTALL_MS = 20 * 60_000;

/** @param {NodeJS.ProcessEnv} [env] @returns {string[]} programs that exist, the best first */
export function installedChromiums(env = process.env) {
  const suffix = platform() === 'win32' ? '.exe' : '';
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name + suffix)));
  const found = [...onPath, ...USUAL_PLACES, ...playwrightCache(env)].filter((path) => existsSync(path));
  return [...new Set(found)];
}

/** @param {NodeJS.ProcessEnv} env */
function playwrightCache(env) {
  /** @type {Partial<Record<NodeJS.Platform, string>>} */
  const places = { darwin: 'Library/Caches/ms-playwright', win32: 'AppData/Local/ms-playwright' };
  const folder = env.PLAYWRIGHT_BROWSERS_PATH || join(homedir(), places[platform()] ?? '.cache/ms-playwright');
  if (!existsSync(folder)) return [];
  const newestFirst = readdirSync(folder)
    .filter((name) => /^chromium-\d+$/.test(name))
    .sort()
    .reverse();
  return newestFirst.flatMap((name) => INSIDE_OF_CACHE.map((inside) => join(folder, name, inside)));
}

/**
 * Starts the browser and asks for a WebGPU device. Resolves with what it found wrong, or null.
 * @param {string} executablePath
 */
export async function webGpuProblem(executablePath) {
  const { chromium } = await import('playwright');
  try {
    const browser = await chromium.launch({
      executablePath,
      headless: false,
      args: CHROMIUM_FLAGS,
      timeout: LAUNCH_TIMEOUT_MS,
      // Ctrl+C is ours to handle; the browser goes with the `finally` below.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    try {
      const page = await browser.newPage();
      // WebGPU exists in secure contexts only, and a page of localhost is one; nothing has to listen there.
      await page.route('http://localhost/', (route) =>
        route.fulfill({ contentType: 'text/html', body: '<title>probe</title>' }),
      );
      await page.goto('http://localhost/');
      return await page.evaluate(probeWebGpu);
    } finally {
      await browser.close();
    }
  } catch (error) {
    return reasonOf(error).split('\n')[0] ?? 'it does not start';
  }
}

/**
 * The path of a Chromium with WebGPU: `CHROMIUM_PATH`, one on the machine, else a newly installed one.
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
export async function ensureChromium(signal) {
  const chosen = process.env.CHROMIUM_PATH;
  if (chosen) {
    const problem = await webGpuProblem(chosen);
    if (problem === null) return chosen;
    throw new SetupError(`CHROMIUM_PATH is ${chosen}, but ${problem}. Set it to another Chromium, or unset it.`);
  }
  const tried = new Set();
  const attempts = [() => Promise.resolve(), installWithPlaywright, installDebians];
  for (const install of attempts) {
    signal.throwIfAborted();
    await install(signal);
    const path = await firstWithWebGpu(tried);
    if (path !== null) return path;
  }
  throw new SetupError(
    [
      'The tests need a Chromium with WebGPU, and none could be had. Looked at:',
      ...(tried.size > 0 ? tried : ['  no Chromium on this machine']),
      'Install a current Chromium or Chrome and run the tests again, with CHROMIUM_PATH set if it is in an unusual place.',
    ].join('\n'),
  );
}

/** @param {Set<string>} tried what was looked at, with the reason; added to */
async function firstWithWebGpu(tried) {
  for (const path of installedChromiums()) {
    if ([...tried].some((line) => line.startsWith(`  ${path}: `))) continue;
    const problem = await webGpuProblem(path);
    if (problem === null) return path;
    tried.add(`  ${path}: ${problem}`);
  }
  return null;
}

/** @param {AbortSignal} signal */
async function installWithPlaywright(signal) {
  console.log('No Chromium with WebGPU on this machine: installing one with Playwright …');
  // Its system libraries come along where we may install them.
  const libraries = hasApt() ? ['--with-deps'] : [];
  await runNode(['node_modules/playwright/cli.js', 'install', '--no-shell', ...libraries, 'chromium'], {
    signal,
    timeoutMs: INSTALL_MS,
  });
}

/** @param {AbortSignal} signal */
async function installDebians(signal) {
  if (!hasApt()) return;
  console.log('Installing Debian’s Chromium …');
  await installWithApt(['chromium'], signal);
}
