import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test, type Page } from '@playwright/test';

// The page as an installed app: without its server, and through a new version of itself.
test.use({ serviceWorkers: 'allow' });

const ROOT = resolve(import.meta.dirname, '..');

interface PageServer {
  readonly address: string;
  /** What is served: a copy of the built page. */
  readonly folder: string;
  stop(): Promise<void>;
}

async function servePage(): Promise<PageServer> {
  const { createStaticServer } = (await import(pathToFileURL(join(ROOT, 'scripts/serve.mjs')).href)) as {
    createStaticServer: (options: { readonly page: string }) => Server;
  };
  const folder = await mkdtemp(join(tmpdir(), 'forgelight-page-'));
  await cp(join(ROOT, 'dist/page'), folder, { recursive: true });
  const server = createStaticServer({ page: folder }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    folder,
    stop: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      await rm(folder, { recursive: true });
    },
  };
}

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

test(
  'the real model, once kept, answers without the server, in the conversation that was kept too',
  { tag: '@long' },
  async ({ page }, info) => {
    const answers = page.getByTestId('answer');
    const askFor = async (question: string, words: RegExp): Promise<void> => {
      await page.getByTestId('prompt').fill(question);
      await page.getByTestId('prompt').press('Enter');
      await expect(answers.last()).toHaveText(words, { timeout: 240_000 });
      await page.getByTestId('stop').click();
      await isReady();
    };
    const isReady = (): Promise<void> =>
      expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 300_000 });

    await page.goto(server.address);
    await isReady();
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await askFor('What is the capital of France?', /\S+\s+\S+/);
    await server.stop();

    await page.reload();
    await isReady();
    await expect(page.getByTestId('question')).toHaveText(/France/);
    await askFor('And of Italy?', /\S+\s+\S+/);
    await expect(answers).toHaveCount(2);
    await page.screenshot({ path: info.outputPath('offline.png') });
  },
);

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
