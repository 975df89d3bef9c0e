// Vitest's tests of the browser in a Firefox as it is published: the provider that opens the page, and nothing more. What tests ask of Playwright
// beside the page (pointer, keys, DevTools) is not there.
import { playwright } from '@vitest/browser-playwright';
import { testFirefox } from './firefox.mjs';
import { startFirefox } from './firefox-session.mjs';

/** @returns {import('vitest/node').BrowserProviderOption} */
export function firefoxProvider() {
  // Another provider than Playwright's has the same server.
  const { serverFactory } = playwright();
  return {
    name: 'firefox',
    supportedBrowser: ['firefox'],
    options: {},
    serverFactory,
    providerFactory: () => new FirefoxProvider(),
  };
}

class FirefoxProvider {
  name = 'firefox';
  supportsParallelism = false;
  /** @type {Promise<import('./firefox-session.mjs').Session> | undefined} */
  #firefox;

  getCommandsContext() {
    return {};
  }

  /** @param {string} _session @param {string} url */
  async openPage(_session, url) {
    this.#firefox ??= startFirefox(testFirefox());
    const firefox = await this.#firefox;
    // Not awaited: it is loaded when its tests are, and these are waited for by others.
    void firefox.open(url).catch(console.error);
  }

  async close() {
    await (await this.#firefox)?.close();
  }
}
