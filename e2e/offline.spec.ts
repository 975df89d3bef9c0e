import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { servePage, type PageServer } from './page-server';

// The page as an installed app: without its server, and through a new version of itself.
test.use({ serviceWorkers: 'allow' });

let server: PageServer;
test.beforeEach(async () => void (server = await servePage()));
test.afterEach(() => server.stop());

/** Opens the page, and resolves when its service worker has kept it and answers for it. */
async function openKept(page: Page): Promise<void> {
  await page.goto(`${server.address}?autoload=0`);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

test('without its server the page opens, with every part of it, and no weights are among what is kept', async ({
  page,
}) => {
  await openKept(page);
  expect(await installabilityErrors(page)).toEqual([]);
  await server.stop();
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'idle');

  // Parts that are fetched when they are first needed: lists, the store's worker, markdown.
  await page.getByTestId('section-catalogue').locator('summary').click();
  await expect(page.getByTestId('catalogue-entry').first()).toBeVisible();
  await page.getByTestId('section-kept').locator('summary').click();
  await expect(page.locator('kept-list')).toContainText('Nothing yet');
  const kept = await page.evaluate(async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    const urls = requests.flat().map(({ url }) => url);
    const parts = urls.filter((url) => url.endsWith('.js') && !url.endsWith('/worker.js'));
    const loaded = await Promise.all(parts.map((url) => import(url).then(() => true)));
    const bodies = await Promise.all(
      urls.map(async (url) => (await (await caches.match(url))?.arrayBuffer()) ?? new ArrayBuffer(0)),
    );
    const isModel = (bytes: ArrayBuffer): boolean => new TextDecoder().decode(bytes.slice(0, 4)) === 'GGUF';
    return { caches: names.length, urls, parts: loaded.length, models: bodies.filter(isModel).length };
  });
  expect(kept.caches).toBe(1);
  expect(kept.models).toBe(0);
  expect(kept.urls).toContain(server.address);
  expect(kept.urls.some((url) => /\/markdown-stream-[^/]+\.js$/.test(url))).toBe(true);
  expect(kept.parts).toBeGreaterThan(3);
});

test('a new version waits until the person takes it', async ({ page }) => {
  await openKept(page);
  const script = join(server.folder, 'service-worker.js');
  const text = await readFile(script, 'utf8');
  const [, version = ''] = /version:[`"']([0-9a-f]{16})/.exec(text) ?? [];
  await writeFile(script, text.replaceAll(version, '0'.repeat(16)));
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  await expect(page.getByTestId('update')).toHaveAttribute('data-update', 'waiting');
  const names = (): Promise<readonly string[]> => page.evaluate(() => caches.keys());
  expect((await names()).map((name) => name.slice(-16)).sort()).toEqual(['0'.repeat(16), version].sort());
  const counts = (): Promise<readonly number[]> =>
    page.evaluate(async () => {
      const all = await caches.keys();
      return await Promise.all(all.map(async (name) => (await (await caches.open(name)).keys()).length));
    });
  const kept = await counts();
  expect(Math.min(...kept)).toBeGreaterThan(3);

  // The old version answers this one, and leaves alone what the new one has kept.
  await page.reload();
  await expect(page.getByTestId('update')).toHaveAttribute('data-update', 'waiting');
  expect(await counts()).toEqual(kept);
  const loaded = page.waitForEvent('load');
  await page.getByTestId('take-update').click();
  await loaded;
  await expect(page.locator('html')).toHaveAttribute('data-state', 'idle');
  await expect(page.getByTestId('update')).toHaveCount(0);
  await expect.poll(async () => (await names()).map((name) => name.slice(-16))).toEqual(['0'.repeat(16)]);

  await server.stop();
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'idle');
});

/** What keeps Chromium from offering to install the page, but for the window of this test, which is a private one. */
async function installabilityErrors(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  const { installabilityErrors: errors } = await session.send('Page.getInstallabilityErrors');
  return errors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito');
}
