import { expect, test, type Page } from '@playwright/test';
import { servePage, type PageServer } from './page-server';

// One after the other in one browser, as a person does: what the first has loaded the second finds there.
test.describe.configure({ mode: 'serial' });

let server: PageServer;
let page: Page;
let problems: string[];
test.beforeAll(async ({ browser }) => {
  server = await servePage();
  page = await browser.newPage({ serviceWorkers: 'allow' });
  problems = collectProblems(page);
});
test.afterAll(async () => {
  await page.context().close();
  await server.stop();
});

/** The main job: open the page, see the model load, ask, read, stop, ask again. */
test('a person opens the page and talks to the model', async () => {
  await page.goto(server.address);

  // Honest progress: a phase in words and a bar, before the model can answer.
  await expect(page.getByRole('progressbar')).toBeVisible();
  await page.screenshot({ path: test.info().outputPath('1-loading.png') });
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 300_000 });
  await page.screenshot({ path: test.info().outputPath('2-ready.png') });

  // An answer that has many words each time: one drawn at random may end before it can be stopped.
  await page.getByTestId('settings-button').click();
  await page.getByTestId('preset-exact').click();
  await page.getByTestId('settings-done').click();

  await ask(page, 'Tell me a long story about the rain in France.');
  const answers = page.getByTestId('answer');
  await expect(answers.last()).toHaveText(/\S+\s+\S+\s+\S+/, { timeout: 240_000 });
  await page.screenshot({ path: test.info().outputPath('3-streaming.png') });
  await page.getByRole('button', { name: /stop/i }).click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  const first = await answers.last().innerText();

  await ask(page, 'And one about Italy.');
  await expect(answers).toHaveCount(2);
  await expect(answers.last()).toHaveText(/\S+\s+\S+/, { timeout: 240_000 });
  await page.keyboard.press('Escape');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  expect(await answers.first().innerText()).toBe(first);
  await page.screenshot({ path: test.info().outputPath('4-second-answer.png') });

  expect(problems).toEqual([]);
});

test('the model, once kept, answers without the server, and the conversation is there', async () => {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await server.stop();
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 300_000 });
  await expect(page.getByTestId('question')).toHaveText([/France/, /Italy/]);

  // A new one: what is measured in seconds here is the text before an answer.
  await page.getByTestId('new-chat').click();
  await ask(page, 'Hi');
  await expect(page.getByTestId('answer')).toHaveText(/\S/, { timeout: 240_000 });
  await page.keyboard.press('Escape');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await page.screenshot({ path: test.info().outputPath('5-without-server.png') });
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
