// Finds a Firefox that offers WebGPU, or installs one. Only tests need it.
import { once } from 'node:events';
import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasApt, installWithApt } from './apt.mjs';
import { installedChromiums } from './chromium.mjs';
import { reasonOf, SetupError } from './command.mjs';
import { startFirefox } from './firefox-session.mjs';
import { ARTIFACTS_FOLDER } from './paths.mjs';
import { probeWebGpu } from './web-gpu-probe.mjs';

const NAMES = ['firefox-esr', 'firefox'];
const USUAL_PLACES = [
  '/Applications/Firefox.app/Contents/MacOS/firefox',
  'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
];
/** Where a package has what its command only starts. */
const CHROMIUM_FOLDERS = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
const DRIVER = 'vk_swiftshader_icd.json';
const LOADER = 'libvulkan.so.1';
const VULKAN_FOLDER = join(ARTIFACTS_FOLDER, 'vulkan');
/** Of a computer that is busy: the page, the adapter and a device. */
const ANSWER_TIMEOUT_MS = 120_000;

/** @param {NodeJS.ProcessEnv} [env] @returns {string[]} programs that exist, the best first */
export function installedFirefoxes(env = process.env) {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = [...onPath, ...USUAL_PLACES].filter((path) => existsSync(path));
  // Some systems have one folder under two names, and each program is tried for up to minutes.
  const real = found.map((path) => realpathSync(path));
  return found.filter((_, i) => real.indexOf(real[i] ?? '') === i);
}

/**
 * The environment in which Firefox finds the software adapter that comes with Chromium, and the loader beside it: the same adapter on every
 * computer, with or without a driver. Empty where Firefox does not use Vulkan, or Chromium has none.
 * @param {string | undefined} chromiumPath
 * @param {NodeJS.ProcessEnv} [env] what it is added to
 * @param {string} [libraries] the folder for the loader alone: beside it are libraries which Firefox would take for the system's
 * @returns {Readonly<Record<string, string>>}
 */
export function softwareAdapter(chromiumPath, env = process.env, libraries = VULKAN_FOLDER) {
  if (process.platform !== 'linux') return {};
  const own = chromiumPath === undefined ? [] : [dirname(realpathSync(chromiumPath))];
  const folder = [...own, ...CHROMIUM_FOLDERS].find((path) =>
    [DRIVER, LOADER].every((file) => existsSync(join(path, file))),
  );
  if (folder === undefined) return {};
  const driver = join(folder, DRIVER);
  link(realpathSync(join(folder, LOADER)), join(libraries, LOADER));
  const libraryPath = [libraries, env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return { VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: libraryPath };
}

/** Leaves a link alone that leads there: a Firefox that runs may be about to follow it. @param {string} target @param {string} path */
function link(target, path) {
  if (existsSync(path) && realpathSync(path) === target) return;
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

/** What the tests' Firefox is started with. `npm test` has looked for it; alone, a test takes the first there is. */
export function testFirefox(env = process.env) {
  const executablePath = env.FIREFOX_PATH || installedFirefoxes(env)[0];
  if (executablePath === undefined)
    throw new SetupError('There is no Firefox on this machine; `npm test -- firefox` installs one.');
  return { executablePath, env: softwareAdapter(env.CHROMIUM_PATH || installedChromiums(env)[0], env) };
}

/**
 * Starts the browser and asks for a WebGPU device. Resolves with what it found wrong, or null.
 * @param {string} executablePath @param {AbortSignal} signal @param {number} [timeoutMs]
 */
export async function webGpuProblem(executablePath, signal, timeoutMs = ANSWER_TIMEOUT_MS) {
  // WebGPU exists in secure contexts only, and a page of this computer is one.
  const server = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<title>probe</title>'),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  try {
    const { env } = testFirefox({ ...process.env, FIREFOX_PATH: executablePath });
    const firefox = await startFirefox({ executablePath, env });
    try {
      // With some drivers it waits for an adapter for ever.
      const late = delay(timeoutMs, `it says nothing within ${timeoutMs} ms`, { signal, ref: false });
      const said = firefox.open(`http://127.0.0.1:${port}/`).then(() => firefox.call(String(probeWebGpu)));
      return /** @type {string | null} */ (await Promise.race([said, late]));
    } finally {
      await firefox.close();
    }
  } catch (error) {
    return reasonOf(error).split('\n')[0] ?? 'it does not start';
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/**
 * The path of a Firefox with WebGPU: `FIREFOX_PATH`, one on the machine, else a newly installed one.
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
export async function ensureFirefox(signal) {
  const chosen = process.env.FIREFOX_PATH;
  const tried = [];
  for (const find of chosen ? [() => [chosen]] : [installedFirefoxes, () => installDebians(signal)]) {
    for (const path of await find()) {
      signal.throwIfAborted();
      const problem = await webGpuProblem(path, signal);
      signal.throwIfAborted();
      if (problem === null) return path;
      tried.push(`  ${path}: ${problem}`);
    }
  }
  throw new SetupError(
    [
      'The tests in Firefox need one with WebGPU, and none could be had. Looked at:',
      ...(tried.length > 0 ? tried : ['  no Firefox on this machine']),
      'Install a current Firefox (on Debian: apt install firefox-esr) and run the tests again, with FIREFOX_PATH set if it is in an unusual place.',
    ].join('\n'),
  );
}

/** Debian's; elsewhere the package of that name may be another program's. @param {AbortSignal} signal @returns {Promise<string[]>} what is new */
async function installDebians(signal) {
  const before = installedFirefoxes();
  if (!hasApt()) return [];
  console.log('Installing Debian’s Firefox …');
  await installWithApt(['--no-install-recommends', 'firefox-esr'], signal);
  return installedFirefoxes().filter((path) => !before.includes(path));
}
