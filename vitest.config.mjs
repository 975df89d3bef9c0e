import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { CHROMIUM_FLAGS, TEST_FLAGS } from './scripts/lib/chromium-flags.mjs';
import { installedChromiums } from './scripts/lib/chromium.mjs';
import { firefoxProvider } from './scripts/lib/firefox-provider.mjs';
import { LongestFirst } from './scripts/lib/longest-first.mjs';
import { plantedBug } from './scripts/lib/planted-bug.mjs';
import { testFiles } from './scripts/lib/vite-files.mjs';
import { endTrace, startTrace } from './test/support/trace-commands.ts';

const BROWSER_TESTS = ['src/**/*.browser.test.ts', 'test/!(long|firefox)/**/*.browser.test.ts'];
/** What is Firefox's alone, and what depends most on the browser's compiler and storage. */
const FIREFOX_TESTS = [
  'test/firefox/*.browser.test.ts',
  'src/device/webgpu/quant.browser.test.ts',
  'src/store/opfs/*.browser.test.ts',
  'src/worker/*.browser.test.ts',
];
/** Minutes each: `npm run test:long`. */
const LONG_TESTS = ['test/long/**/*.browser.test.ts'];
/** More than `npm run check` has time for: real models, the whole zoo, every kernel on the CPU, megabytes of text. */
const SLOW_TESTS = ['src/**/*.slow.test.ts', 'test/**/*.slow.test.ts'];
/** Real processes, sockets and compilers, on the built command. */
const BRIDGE_TESTS = ['native-bridge/**/*.bridge.test.ts'];

/** Each puts a mistake into the code and looks who notices. */
const PLANTED_BUGS = 'test/planted-bugs/**/*.test.ts';
/** Set by these: the unit tests run on code with this mistake in it. */
const bug = process.env.PLANTED_BUG;

const BUNDLED_BEFORE = [
  'comlink',
  'hash-wasm',
  'valibot',
  '@huggingface/jinja',
  'idb-keyval',
  'lit',
  'lit/decorators.js',
  'lit/directives/repeat.js',
  'marked',
  'temml',
  'highlight.js/lib/core',
  'highlight.js/lib/languages/bash',
  'highlight.js/lib/languages/c',
  'highlight.js/lib/languages/cpp',
  'highlight.js/lib/languages/csharp',
  'highlight.js/lib/languages/css',
  'highlight.js/lib/languages/diff',
  'highlight.js/lib/languages/go',
  'highlight.js/lib/languages/java',
  'highlight.js/lib/languages/javascript',
  'highlight.js/lib/languages/json',
  'highlight.js/lib/languages/python',
  'highlight.js/lib/languages/rust',
  'highlight.js/lib/languages/sql',
  'highlight.js/lib/languages/typescript',
  'highlight.js/lib/languages/xml',
  'highlight.js/lib/languages/yaml',
  'axe-core',
  'fast-check',
];

const executablePath = process.env.CHROMIUM_PATH || installedChromiums()[0];

/** @param {string[]} args */
function chromium(args) {
  return playwright({ launchOptions: { ...(executablePath ? { executablePath } : {}), args } });
}

/**
 * @param {string} name
 * @param {string[]} include
 * @param {'chromium' | 'firefox'} browser
 * @param {import('vitest/node').BrowserProviderOption} provider
 * @returns {import('vitest/config').TestProjectConfiguration}
 */
function browserProject(name, include, browser, provider) {
  return {
    plugins: [testFiles()],
    // Found by import, these would be bundled in the middle of a run, which loads the page anew.
    optimizeDeps: { include: BUNDLED_BEFORE },
    test: {
      name,
      include,
      fileParallelism: false,
      testTimeout: 600_000,
      hookTimeout: 600_000,
      browser: {
        enabled: true,
        // Its own headless build has no WebGPU: `--headless=new` is among the flags.
        headless: false,
        screenshotFailures: false,
        commands: { startTrace, endTrace },
        provider,
        instances: [{ browser }],
      },
    },
  };
}

export default defineConfig({
  test: {
    // All cores: the default leaves one idle, which is half of a machine with two.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        plugins: bug ? [plantedBug(JSON.parse(bug))] : [],
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'native-bridge/**/*.test.ts',
            'test/**/*.test.ts',
            'scripts/**/*.test.mjs',
            'bench/peers/*.test.mjs',
          ],
          exclude: ['**/*.browser.test.ts', ...SLOW_TESTS, ...BRIDGE_TESTS, PLANTED_BUGS],
          // For a busy computer; who looks for a planted mistake need not wait so long for what it holds up for ever.
          testTimeout: bug ? 20_000 : 60_000,
          // Files share a process and its modules: to start one and to read them anew for each file took a third of the time.
          isolate: false,
          setupFiles: ['test/support/leaves-nothing.ts'],
        },
      },
      { test: { name: 'planted', include: [PLANTED_BUGS] } },
      {
        test: {
          name: 'slow',
          include: SLOW_TESTS,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'bridge',
          include: BRIDGE_TESTS,
          globalSetup: ['native-bridge/testing/bundle-command.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      browserProject('browser', BROWSER_TESTS, 'chromium', chromium(TEST_FLAGS)),
      browserProject('firefox', FIREFOX_TESTS, 'firefox', firefoxProvider()),
      browserProject('long', LONG_TESTS, 'chromium', chromium(CHROMIUM_FLAGS)),
    ],
  },
});
