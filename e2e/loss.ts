import { test as base, type Browser, type Page } from '@playwright/test';

/** With these a page gets the GPU back however often its process falls; without them, twice in two minutes is too often. */
export const ENDLESS_LOSSES = ['--disable-gpu-process-crash-limit', '--disable-domain-blocking-for-3d-apis'];

interface LosingFixtures {
  /**
   * Starts a browser of its own, because what happens to its GPU is no other test's trouble, and gives a page of it, in which
   * `crashGpu()` makes the GPU process crash.
   */
  readonly openLosing: (flags: readonly string[]) => Promise<Page>;
}

export const test = base.extend<LosingFixtures>({
  openLosing: async ({ playwright, launchOptions, baseURL }, use) => {
    const browsers: Browser[] = [];
    await use(async (flags) => {
      const args = [...(launchOptions.args ?? []), ...flags];
      const browser = await playwright.chromium.launch({ ...launchOptions, headless: false, args });
      browsers.push(browser);
      const session = await browser.newBrowserCDPSession();
      const page = await browser.newPage(baseURL === undefined ? {} : { baseURL });
      await page.exposeFunction('crashGpu', async () => {
        await session.send('Browser.crashGpuProcess');
      });
      return page;
    });
    for (const browser of browsers) await browser.close();
  },
});
