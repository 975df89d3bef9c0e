// `npm test`: sets up what is missing and runs every test. `npm test -- unit e2e` runs the named suites only.
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { STATIC_CHECKS } from './lib/checks.mjs';
import { ensureChromium } from './lib/chromium.mjs';
import { ensureClang } from './lib/clang.mjs';
import { reasonOf, runNode, runScript, SetupError } from './lib/command.mjs';
import { allFailed, countPlaywright, countVitest, failureLines, readCounts } from './lib/counts.mjs';
import { ensureFirefox } from './lib/firefox.mjs';
import { generateSources } from './lib/generated.mjs';
import { TARGETS } from './lib/hip-build.mjs';
import { checkTurns, compareObjects, testedCommit, turnOf, withRemedy } from './lib/hip-check.mjs';
import { ensureDependencies } from './lib/install.mjs';
import { checkWithNaga } from './lib/naga.mjs';
import { ARTIFACTS_FOLDER, ROOT } from './lib/paths.mjs';
import { ensureDefaultModel, ensureGemmaModel } from './model.mjs';

/** @typedef {import('./lib/counts.mjs').Counts} Result */

const REPORTS = join(ARTIFACTS_FOLDER, 'reports');

/** In this order: what is quick and tells most comes first. */
const SUITES = {
  static: runStaticChecks,
  unit: runUnitTests,
  planted: runVitest,
  slow: runVitest,
  bridge: runVitest,
  browser: runVitest,
  build: runBuild,
  e2e: runEndToEnd,
  firefox: runFirefox,
  objects: runCodeObjects,
  long: runVitest,
  journeys: runJourneys,
};
/** What runs when nothing is named: `long` and `journeys` take many minutes and are asked for by `npm run test:long`. */
const USUAL = ['static', 'unit', 'planted', 'slow', 'bridge', 'browser', 'build', 'e2e', 'firefox', 'objects'];

/** Since its start, a run takes up nothing that it may leave out. */
const LATE_MS = 25 * 60_000;

await runScript(async (signal) => {
  const names = chosenSuites(process.argv.slice(2));
  await ensureDependencies(signal);
  await generateSources(signal);
  await rm(REPORTS, { recursive: true, force: true });
  await mkdir(REPORTS, { recursive: true });
  const problems = await setUpHost(names, signal);

  const failed = failureLines('set-up', problems);
  const lines = [];
  const total = { passed: 0, failed: problems.length };
  for (const name of names) {
    console.log(`\n── ${name} ──`);
    const started = performance.now();
    const { passed, failures } = await SUITES[name](name, signal);
    failed.push(...failureLines(name, failures));
    total.passed += passed;
    total.failed += failures.length;
    const minutes = ((performance.now() - started) / 60_000).toFixed(1);
    lines.push(`${name.padEnd(8)} ${minutes.padStart(5)} min  ${passed} passed, ${failures.length} failed`);
  }
  if (failed.length > 0) console.log(`\n${failed.join('\n')}`);
  console.log(`\n${lines.join('\n')}\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
});

/** @param {string[]} wanted @returns {(keyof typeof SUITES)[]} */
function chosenSuites(wanted) {
  const all = /** @type {(keyof typeof SUITES)[]} */ (Object.keys(SUITES));
  const unknown = wanted.find((name) => !Object.hasOwn(SUITES, name));
  if (unknown !== undefined) throw new SetupError(`There is no suite "${unknown}". The suites are: ${all.join(', ')}.`);
  const chosen = wanted.length === 0 ? USUAL : wanted;
  return all.filter((name) => chosen.includes(name));
}

/**
 * The browser and the models, for the suites that use them. What cannot be had is a failure of its own, and does not
 * keep the other suites from running.
 * @param {string[]} names
 * @param {AbortSignal} signal
 */
async function setUpHost(names, signal) {
  /** @type {Result['failures']} */
  const problems = [];
  const attempt = async (/** @type {string} */ what, /** @type {() => Promise<void>} */ setUp) => {
    try {
      await setUp();
    } catch (error) {
      if (signal.aborted || !(error instanceof SetupError)) throw error;
      console.error(`\n${reasonOf(error)}\n`);
      problems.push({ names: [what], message: reasonOf(error) });
    }
  };
  if (names.some((name) => ['browser', 'e2e', 'firefox', 'long', 'journeys'].includes(name))) {
    await attempt('no Chromium with WebGPU', async () => {
      process.env.CHROMIUM_PATH = await ensureChromium(signal);
      console.log(`Chromium: ${process.env.CHROMIUM_PATH}`);
    });
  }
  if (names.some((name) => ['unit', 'planted', 'slow', 'bridge', 'browser', 'e2e', 'firefox', 'long'].includes(name))) {
    await attempt('no default model', async () => {
      console.log(`Model: ${await ensureDefaultModel(signal)}`);
    });
  }
  if (names.some((name) => ['slow', 'browser', 'long'].includes(name))) {
    await attempt('no Gemma 3 model', async () => {
      console.log(`Model: ${await ensureGemmaModel(signal)}`);
    });
  }
  if (names.some((name) => ['bridge', 'objects'].includes(name))) {
    await attempt('no clang 19', async () => {
      console.log(`Compiler of the HIP kernels: ${(await ensureClang(signal)).clang}`);
    });
  }
  return problems;
}

/** @param {string} _name @param {AbortSignal} signal @returns {Promise<Result>} */
async function runStaticChecks(_name, signal) {
  /** @type {Result} */
  const result = { passed: 0, failures: [] };
  for (const { name, args } of STATIC_CHECKS) {
    const { code } = await runNode(args, { signal });
    if (code === 0) result.passed += 1;
    else result.failures.push({ names: [name], message: `ended with code ${code}` });
  }
  return result;
}

/** More schedules than `npm run check` has time for. @param {string} name @param {AbortSignal} signal */
function runUnitTests(name, signal) {
  return runVitest(name, signal, { SIMULATION_RUNS: process.env.SIMULATION_RUNS || '5000' });
}

/**
 * @param {string} name of the vitest project
 * @param {AbortSignal} signal
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Result>}
 */
async function runVitest(name, signal, env = {}) {
  const report = join(REPORTS, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code } = await runNode(['node_modules/vitest/vitest.mjs', 'run', '--project', name, ...reporters], {
    signal,
    env,
  });
  return readCounts(report, countVitest, code);
}

/** @param {string} _name @param {AbortSignal} signal @returns {Promise<Result>} */
async function runBuild(_name, signal) {
  const { code } = await runNode(['scripts/build.mjs'], { signal });
  return code === 0 ? { passed: 1, failures: [] } : allFailed(`the build ended with code ${code}`);
}

/**
 * Code objects of the HIP kernels made anew, and compared: those of the tested commit's turn, then of the other turns, all of them where the run is not
 * too late for that.
 * @param {string} _name @param {AbortSignal} signal @returns {Promise<Result>}
 */
async function runCodeObjects(_name, signal) {
  try {
    const { compared, all, problems } = await checkTurns({
      first: turnOf(await testedCommit(), TARGETS.length),
      isLate: () => performance.now() > LATE_MS,
      problemsOf: async (names) => {
        const found = await compareObjects(names, signal);
        console.log(`${names.length} code objects: ${found.length === 0 ? 'as published' : found.join('; ')}`);
        return found;
      },
    });
    for (const line of withRemedy(problems)) console.error(line);
    console.log(`${compared} of ${all} code objects were compared with what was published.`);
    const wrong = new Set(problems.map((line) => line.split(' ', 1)[0]));
    return { passed: compared - wrong.size, failures: problems.map((message) => ({ names: [], message })) };
  } catch (error) {
    if (signal.aborted || !(error instanceof SetupError)) throw error;
    return allFailed(reasonOf(error));
  }
}

/**
 * The tests in Firefox, and the journey there. Where none can be had, the compiler that it has says of every shader whether it takes it.
 * @param {string} name @param {AbortSignal} signal @returns {Promise<Result>}
 */
async function runFirefox(name, signal) {
  try {
    process.env.FIREFOX_PATH = await ensureFirefox(signal);
    console.log(`Firefox: ${process.env.FIREFOX_PATH}`);
  } catch (error) {
    if (signal.aborted || !(error instanceof SetupError)) throw error;
    if (process.env.FIREFOX_PATH) return allFailed(reasonOf(error));
    console.error(
      `\n${reasonOf(error)}\nIts compiler is asked alone, in Deno: nothing is computed, and no page is opened.\n`,
    );
    return checkWithNaga(signal);
  }
  const tests = await runVitest(name, signal);
  const journey = await runEndToEnd(`${name}-journey`, signal, ['--grep', '@firefox']);
  return { passed: tests.passed + journey.passed, failures: [...tests.failures, ...journey.failures] };
}

/** What the usual run leaves out, and ten times as many kills. @param {string} name @param {AbortSignal} signal */
function runJourneys(name, signal) {
  return runEndToEnd(name, signal, ['--grep', '@long|killed'], {
    FORGELIGHT_KILLS: process.env.FORGELIGHT_KILLS || '50',
  });
}

/**
 * @param {string} name
 * @param {AbortSignal} signal
 * @param {readonly string[]} [only] arguments that choose tests
 * @param {NodeJS.ProcessEnv} [given]
 * @returns {Promise<Result>}
 */
async function runEndToEnd(name, signal, only = ['--grep-invert', '@long|@firefox'], given = {}) {
  const report = join(REPORTS, `${name}.json`);
  const env = {
    ...given,
    PLAYWRIGHT_JSON_OUTPUT_NAME: relative(ROOT, report),
    FORGELIGHT_E2E_PORTS: (await freePorts(2)).join(),
  };
  const args = ['node_modules/@playwright/test/cli.js', 'test', '--reporter=list,json', ...only];
  const { code } = await runNode(args, { signal, env });
  return readCounts(report, countPlaywright, code);
}

/** @param {number} count @returns {Promise<number[]>} ports that were free a moment ago */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => /** @type {import('node:net').AddressInfo} */ (server.address()).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
