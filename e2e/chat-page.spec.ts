import { expect, test, type Page } from '@playwright/test';
import { useScriptedEngine } from './scripted';

// Journeys of what people do with the page. The page, the client and the store are the built ones; the model's part is scripted.
test.beforeEach(({ context }) => useScriptedEngine(context));

async function open(page: Page): Promise<void> {
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
}

async function ask(page: Page, question: string): Promise<void> {
  await page.getByTestId('prompt').fill(question);
  await page.getByTestId('prompt').press('Enter');
}

test('a person asks, reads the answer, and stops one', async ({ page }) => {
  await open(page);
  await ask(page, 'write: **Bold** and `code`.');
  await expect(page.getByTestId('answer').last().locator('strong')).toHaveText('Bold');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');

  await ask(page, 'slowly: 400');
  await expect(page.getByTestId('answer').last()).toContainText('word3');
  await page.keyboard.press('Escape');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await expect(page.getByTestId('status')).toHaveText('Answer stopped.');
});
