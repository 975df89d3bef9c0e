import { expect, test, type Page } from '@playwright/test';

/** The main job, as a person does it: open the page, see the model load, ask, read, stop, ask again. */
test('a person opens the page and talks to the model', async ({ page }, info) => {
  const problems = collectProblems(page);
  await page.goto('/');

  // Honest progress: a phase in words and a bar, before the model can answer.
  await expect(page.getByRole('progressbar')).toBeVisible();
  await page.screenshot({ path: info.outputPath('1-loading.png') });
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 300_000 });
  await page.screenshot({ path: info.outputPath('2-ready.png') });

  await ask(page, 'What is the capital of France?');
  const answers = page.getByTestId('answer');
  await expect(answers.last()).toHaveText(/\S+\s+\S+\s+\S+/, { timeout: 240_000 });
  await page.screenshot({ path: info.outputPath('3-streaming.png') });
  await page.getByRole('button', { name: /stop/i }).click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  const first = await answers.last().innerText();

  await ask(page, 'And of Italy?');
  await expect(answers).toHaveCount(2);
  await expect(answers.last()).toHaveText(/\S+\s+\S+/, { timeout: 240_000 });
  await page.keyboard.press('Escape');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  expect(await answers.first().innerText()).toBe(first);
  await page.screenshot({ path: info.outputPath('4-second-answer.png') });

  expect(problems).toEqual([]);
});

async function ask(page: Page, question: string): Promise<void> {
  const box = page.getByRole('textbox', { name: /message/i });
  await box.fill(question);
  await box.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'generating');
}

function collectProblems(page: Page): string[] {
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  return problems;
}
