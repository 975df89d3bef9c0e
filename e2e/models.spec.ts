import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import type { ModelStore } from '../src/client/model-store';
import { useLibrary } from './library';
import { useScriptedEngine } from './scripted';

// Journeys to a model: where people find one, what the browser keeps, and what they read where none can be. The page, the client and the store
// are the built ones; what a load gives is scripted.
test.beforeEach(({ context }) => useScriptedEngine(context));

declare const openModelStore: () => Promise<ModelStore>;

const MODEL = 'test/fixtures/zoo/smollm2.gguf';

const state = (page: Page) => page.locator('html');

async function loadAddress(page: Page, address: string): Promise<void> {
  await page.getByTestId('model-url').fill(address);
  await page.getByTestId('load-url').click();
}

test('a repository of the hub is listed, and a file of it loaded', async ({ page }) => {
  const files = [
    { type: 'file', path: 'README.md', size: 100 },
    { type: 'file', path: 'tiny.Q8_0.gguf', size: 2_000_000 },
    { type: 'file', path: 'tiny.Q4_K_M.gguf', size: 1_000_000 },
  ];
  const listing = { headers: { 'access-control-allow-origin': '*' }, json: files };
  await page.route('https://huggingface.co/api/models/owner/tiny/**', (route) => route.fulfill(listing));
  await page.goto('/?autoload=0');
  await loadAddress(page, 'hf:owner/tiny');
  await expect(page.getByTestId('hub-model')).toContainText([/Q4_K_M[^]*1\.0 MB/, /Q8_0[^]*2\.0 MB/]);
  await page.getByTestId('hub-load').first().click();
  await expect(state(page)).toHaveAttribute('data-state', 'ready');
  await expect(page.getByTestId('model-button')).toContainText('tiny.Q4_K_M.gguf');
});

test('a hub that cannot be reached is told, and asked again', async ({ page }) => {
  let isThere = false;
  const listing = [{ type: 'file', path: 'tiny.Q8_0.gguf', size: 2_000_000 }];
  const headers = { 'access-control-allow-origin': '*' };
  await page.route('https://huggingface.co/**', (route) =>
    isThere ? route.fulfill({ headers, json: listing }) : route.fulfill({ headers, status: 401 }),
  );
  await page.goto('/?autoload=0');
  await loadAddress(page, 'hf:owner/tiny');
  await expect(page.getByTestId('hub-problem')).toContainText(/token/i);
  isThere = true;
  await page.getByTestId('hub-token').fill('hf_secret');
  const asked = page.waitForRequest((request) => request.headers()['authorization'] === 'Bearer hf_secret');
  await page.getByTestId('hub-token').press('Enter');
  await asked;
  await expect(page.getByTestId('hub-model')).toHaveCount(1);
});

test('a file is dropped onto the page, and answers', async ({ page }) => {
  await page.goto('/?autoload=0');
  const bytes = readFileSync(MODEL).toString('base64');
  const dropped = await page.evaluateHandle((base64) => {
    const data = new DataTransfer();
    const file = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    data.items.add(new File([file], 'dropped.gguf'));
    return data;
  }, bytes);
  await page.dispatchEvent('body', 'dragover', { dataTransfer: dropped });
  await expect(page.locator('.drop')).toBeVisible();
  await page.dispatchEvent('body', 'drop', { dataTransfer: dropped });
  await expect(state(page)).toHaveAttribute('data-state', 'ready');
  await expect(page.locator('.drop')).toHaveCount(0);
  await expect(page.getByTestId('model-button')).toContainText('dropped.gguf');
});

test('what the browser keeps stands in a bar, and goes on a question', async ({ page }, info) => {
  await useLibrary(page, info.config.metadata);
  await page.evaluate(async () => {
    const store = await openModelStore();
    await store.pull(new URL('/fixtures/zoo/smollm2.gguf', location.href).href);
    store.close();
  });
  await page.goto('/?autoload=0');
  await page.getByTestId('section-kept').locator('summary').click();
  const kept = page.getByTestId('kept-entry');
  await expect(kept).toContainText('smollm2.gguf');
  await expect(page.getByTestId('storage-bar').locator('[data-kind=model]')).toHaveCount(1);
  await kept.locator('[data-action=Delete]').click();
  await page.getByTestId('kept-no').click();
  await expect(kept).toHaveCount(1);
  await kept.locator('[data-action=Delete]').click();
  await page.getByTestId('kept-yes').click();
  await expect(page.getByTestId('kept-empty')).toBeVisible();
  await expect(page.getByTestId('storage-bar').locator('[data-kind=model]')).toHaveCount(0);
});

test('a model is shared by a link: whoever opens that sees what it wants, and loads it', async ({ context, page }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('/?autoload=0');
  await loadAddress(page, 'https://models.test/shared.gguf');
  await expect(state(page)).toHaveAttribute('data-state', 'ready');
  await page.getByTestId('model-button').click();
  await page.getByTestId('share').click();
  await expect(page.getByTestId('share-says')).not.toBeEmpty();
  const link = await page.evaluate(() => navigator.clipboard.readText());

  const theirs = await context.newPage();
  await theirs.goto(link);
  await expect(theirs.getByTestId('shared-facts')).toContainText('models.test/shared.gguf');
  await expect(state(theirs)).toHaveAttribute('data-state', 'idle');
  await theirs.getByTestId('shared-use').click();
  await expect(state(theirs)).toHaveAttribute('data-state', 'ready');
  await expect(theirs.getByTestId('model-button')).toContainText('shared.gguf');
  expect(theirs.url()).not.toContain('#');
});

const FAILURES = [
  ['quota-exceeded', /room/],
  ['out-of-memory', /smaller|memory/],
  ['corrupt-model', /again/],
  ['unsupported-architecture', /model/],
  ['device-blocked', /browser/],
] as const;

for (const [code, words] of FAILURES) {
  test(`a load that fails with ${code} says what to do, and another one is taken`, async ({ page }) => {
    await page.goto('/?autoload=0');
    await loadAddress(page, `https://models.test/fail-${code}.gguf`);
    const error = page.getByTestId('error');
    await expect(error).toHaveAttribute('data-code', code);
    await expect(error).toContainText(words);
    await loadAddress(page, 'https://models.test/another.gguf');
    await expect(state(page)).toHaveAttribute('data-state', 'ready');
    await expect(error).toHaveCount(0);
  });
}
