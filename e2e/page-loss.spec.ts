import { expect, type Page } from '@playwright/test';
import { ENDLESS_LOSSES, test } from './loss';

// What a person sees when the GPU process is killed under the page, for real.

declare const crashGpu: () => Promise<void>;

const MODEL = '/fixtures/zoo/smollm2.gguf';
const QUESTION = 'What is the capital of France?';
/** With it the small model's answer to `QUESTION` is long. */
const SEED = 2;
/** Letters of the answer that are compared, and those before the GPU is lost. */
const COMPARED = 120;
const BEFORE_LOSS = 10;

const isIn = async (page: Page, state: string): Promise<void> =>
  expect(page.locator('html')).toHaveAttribute('data-state', state, { timeout: 300_000 });

/** Every answer of the page's worker is drawn from the same seed, and it keeps no model: a loss makes it fetch that again. */
async function fixWorker(page: Page): Promise<void> {
  const seeded = `crypto.getRandomValues = (numbers) => numbers.fill(${SEED});`;
  const refusal = `() => Promise.reject(new DOMException('none here', 'SecurityError'))`;
  const fixed = `${seeded} navigator.storage.getDirectory = ${refusal};`;
  await page.route('**/worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${fixed}${await response.text()}` });
  });
}

/** The next fetch of the model waits until the returned function is called. */
async function holdModel(page: Page): Promise<() => void> {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(`**${MODEL}`, async (route) => {
    await held;
    await route.continue();
  });
  return release;
}

async function ask(page: Page, question: string): Promise<void> {
  const box = page.getByTestId('prompt');
  await box.fill(question);
  await box.press('Enter');
  await isIn(page, 'generating');
}

/** The last answer as soon as it has this many letters. */
async function answerOf(page: Page, letters: number): Promise<string> {
  const answer = page.getByTestId('answer').last();
  const text = async (): Promise<string> => (await answer.innerText()).trim();
  await expect.poll(async () => (await text()).length, { timeout: 120_000 }).toBeGreaterThanOrEqual(letters);
  return text();
}

async function stop(page: Page): Promise<void> {
  await page.getByTestId('stop').click();
  await isIn(page, 'ready');
}

test(
  'the GPU is lost under an answer: the page says so, and the answer goes on with the same words',
  { tag: '@long' },
  async ({ openLosing }, info) => {
    const page = await openLosing(ENDLESS_LOSSES);
    await fixWorker(page);
    await page.goto(`/?model=${MODEL}`);
    await isIn(page, 'ready');
    await ask(page, QUESTION);
    const undisturbed = await answerOf(page, COMPARED);
    await stop(page);
    await page.getByTestId('new-chat').click();

    const release = await holdModel(page);
    await ask(page, QUESTION);
    const before = await answerOf(page, BEFORE_LOSS);
    await page.evaluate(async () => crashGpu());
    const notice = page.getByTestId('gpu-notice');
    await expect(notice).toContainText('The graphics processor was lost; loading the model again…');
    const lost = await answerOf(page, before.length);
    expect(lost.length).toBeLessThan(COMPARED);
    await page.getByTestId('prompt').fill('And of Italy?');
    await page.screenshot({ path: info.outputPath('1-lost.png') });

    release();
    await expect(notice).toHaveCount(0, { timeout: 120_000 });
    await expect(page.getByTestId('status')).toHaveText('The graphics processor is back; the answer goes on.');
    await expect(page.getByTestId('prompt')).toBeFocused();
    const whole = await answerOf(page, COMPARED);
    expect(whole.slice(0, COMPARED)).toBe(undisturbed.slice(0, COMPARED));
    await stop(page);

    await expect(page.getByTestId('prompt')).toHaveValue('And of Italy?');
    await page.getByTestId('prompt').press('Enter');
    await expect(page.getByTestId('answer')).toHaveCount(2);
    await answerOf(page, 1);
    await stop(page);
    await page.screenshot({ path: info.outputPath('2-second-answer.png') });
  },
);

test(
  'a second loss within two minutes: the page says when the GPU is tried again, and keeps what is typed',
  { tag: '@long' },
  async ({ openLosing }, info) => {
    const page = await openLosing([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`/?model=${MODEL}`);
    await isIn(page, 'ready');
    await page.evaluate(async () => crashGpu());
    await expect(page.getByTestId('status')).toHaveText('The graphics processor is back.', { timeout: 120_000 });
    await isIn(page, 'ready');
    await page.getByTestId('prompt').fill('Hello');

    await page.evaluate(async () => crashGpu());
    await isIn(page, 'recovering');
    const notice = page.getByTestId('gpu-notice');
    await expect(notice).toContainText('The browser has closed the graphics processor to this page for a while');
    await expect(page.getByTestId('gpu-retry')).toHaveText(/Trying again at \d+:\d\d.*, in [12] min \d+ s\.$/);
    await expect(page.getByTestId('prompt')).toHaveValue('Hello');
    await expect(page.getByTestId('prompt')).toBeFocused();
    await expect(page.getByTestId('send')).toBeDisabled();
    await page.screenshot({ path: info.outputPath('blocked.png') });
  },
);
