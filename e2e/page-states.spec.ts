import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';

test('a file that is no model is told in words, and another can be chosen', async ({ page }) => {
  await page.goto('/?autoload=0');
  await page.getByTestId('file-input').setInputFiles({
    name: 'notes.gguf',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from('GIF89a, which is not a model'),
  });
  const error = page.getByTestId('error');
  await expect(error).toHaveAttribute('data-code', 'bad-gguf');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'error');

  await page.getByTestId('file-input').setInputFiles('test/fixtures/zoo/smollm2.gguf');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 120_000 });
  await expect(error).toHaveCount(0);
});

test('a file that is no model takes nothing away from one that answers', async ({ page }) => {
  const model = readFileSync('test/fixtures/zoo/smollm2.gguf');
  const state = page.locator('html');
  await page.goto('/?autoload=0');
  await page.getByTestId('file-input').setInputFiles('test/fixtures/zoo/smollm2.gguf');
  await expect(state).toHaveAttribute('data-state', 'ready', { timeout: 120_000 });
  const wrong = { 'notes.gguf': Buffer.from('GIF89a, which is not a model'), 'cut.gguf': model.subarray(0, -4000) };
  for (const [name, buffer] of Object.entries({ ...wrong, 'empty.gguf': Buffer.alloc(0) })) {
    await page.getByTestId('model-button').click();
    await page.getByTestId('file-input').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
    const refused = page.getByTestId('refused');
    await expect(refused).toContainText(`${name} was not loaded`);
    await expect(refused.getByTestId('error')).toHaveAttribute('data-code', 'bad-gguf');
    await expect(state).toHaveAttribute('data-state', 'ready');
    await page.getByTestId('refused-close').click();
    await expect(refused).toHaveCount(0);
  }
  await page.getByTestId('prompt').fill('Hello');
  await page.getByTestId('prompt').press('Enter');
  await expect(page.getByTestId('answer')).not.toBeEmpty({ timeout: 60_000 });
});

test('a model that makes embeddings is told to be none for a chat, before one that answers is let go and where there is none', async ({
  page,
}) => {
  const state = page.locator('html');
  const choose = (name: string) => page.getByTestId('file-input').setInputFiles(`test/fixtures/zoo/${name}.gguf`);
  await page.goto('/?autoload=0');
  await choose('minilm');
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'no-chat', { timeout: 120_000 });
  await expect(state).toHaveAttribute('data-state', 'error');
  await choose('smollm2');
  await expect(state).toHaveAttribute('data-state', 'ready', { timeout: 120_000 });
  await page.getByTestId('model-button').click();
  await choose('qwen3-embedding');
  await expect(page.getByTestId('refused').getByTestId('error')).toHaveAttribute('data-code', 'no-chat');
  await expect(state).toHaveAttribute('data-state', 'ready');
});

test('a browser without WebGPU is told so, and what to do', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }));
  await page.goto('/');
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'no-webgpu');
  await expect(page.getByTestId('error')).toContainText(/browser/i);
});

test('a load can be stopped and begun again', async ({ page }) => {
  await page.goto('/');
  await page.getByTestId('stop-loading').click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'idle');
  await page.getByTestId('load-model').click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'loading');
  await expect(page.getByTestId('load-progress')).toBeVisible();
});

test('how fast memory is, is measured on a click and stands in the report', async ({ context, page }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('/?autoload=0');
  await page.getByTestId('machine').click();
  const view = page.locator('machine-view');
  await expect(page.getByTestId('measure')).toBeVisible();
  await expect(view).not.toContainText('B/s');
  await page.getByTestId('measure').click();
  await expect(view).toContainText(/\d [GM]B\/s/);
  const [speed = ''] = /[\d.]+ [GM]B\/s/.exec(await view.innerText()) ?? [];
  await page.getByTestId('copy-report').click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain(speed);
});
