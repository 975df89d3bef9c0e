import { defineConfig } from '@playwright/test';
import { TEST_FLAGS } from './scripts/lib/chromium-flags.mjs';
import { installedChromiums } from './scripts/lib/chromium.mjs';

// Journeys of the built page. `npm test` has built it and says which Chromium and which ports.
const executablePath = process.env.CHROMIUM_PATH || installedChromiums()[0];
/** The page's, and one where the same files have another origin. */
const [port, otherPort] = (process.env.FORGELIGHT_E2E_PORTS || '4173,4174').split(',').map(Number);

/** @param {number} listenPort */
function server(listenPort) {
  return {
    command: 'node scripts/serve.mjs',
    url: `http://127.0.0.1:${listenPort}/`,
    env: { HOST: '127.0.0.1', PORT: String(listenPort), FORGELIGHT_FIXTURES: 'test/fixtures' },
    reuseExistingServer: false,
  };
}

export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  outputDir: 'artifacts/e2e',
  timeout: 600_000,
  expect: { timeout: 60_000 },
  // A model computes on the CPU here: two at a time only wait for each other.
  workers: 1,
  forbidOnly: true,
  metadata: { otherOrigin: `http://127.0.0.1:${otherPort}` },
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    headless: false,
    // Journeys see and change what the page fetches; those of a service worker are of its own.
    serviceWorkers: 'block',
    launchOptions: { ...(executablePath ? { executablePath } : {}), args: TEST_FLAGS },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
  },
  webServer: [server(port), server(otherPort)],
});
