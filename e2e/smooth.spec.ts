import { expect, test, type Page } from '@playwright/test';
import { ANSWER_SHAPES } from '../test/support/answer-shapes';
import { END_MARK, stepMark, traceTasks, type Task } from '../test/support/main-thread';
import { limitOn, yardstickMs } from '../test/support/yardstick';
import { useScriptedEngine } from './scripted';

// The whole page, built, with all that listens while an answer comes: lists, meters, figures, and what writes conversations down.

// Playwright's own trace copies the page at each step.
test.use({ trace: 'off' });

const MESSAGES = 300;
const TOKENS = 10_000;
/** A task of the main thread that is longer is one that people feel. */
const LIMIT_MS = 50;
const PART_CHARACTERS = 4000;
/** What takes long in each of these is the page; what does so once is the machine. */
const ROUNDS = 3;

/** What the element exports; the page imports it as well. */
function exported(name: string): string {
  const text = Array.from({ length: 200 }, (_, n) => ANSWER_SHAPES['all kinds']?.(n) ?? '').join('');
  const messages = Array.from({ length: MESSAGES }, (_, n) =>
    n % 2 === 0
      ? { role: 'user', content: `${name}: question ${n}` }
      : { role: 'assistant', content: text.replaceAll('x', `x${n}`) },
  );
  return JSON.stringify({ format: 'forgelight-chat', version: 1, messages });
}

async function importChat(page: Page, name: string): Promise<void> {
  const buffer = Buffer.from(exported(name));
  await page.getByTestId('import-file').setInputFiles({ name: `${name}.json`, mimeType: 'application/json', buffer });
  await expect(page.getByTestId('chat-open').filter({ hasText: name })).toHaveCount(1);
}

const mark = (page: Page, name: string): Promise<void> => page.evaluate((given) => void performance.mark(given), name);

/** By the middle of a button that is in sight; what is opened so has `count` messages. */
async function clickIn(page: Page, name: string, count: number): Promise<void> {
  const box = await page.getByTestId('chat-open').filter({ hasText: name }).boundingBox();
  if (box === null) throw new Error(`The conversation ${name} is not in sight.`);
  await mark(page, stepMark(`opens ${name.replace(/ \d+$/, '')}, of ${count} messages`));
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await shown(page, count);
  // What looks for the next thing to press looks through 300 messages, in a task that is not the page's.
  await mark(page, END_MARK);
}

/** Until so many messages are there, and nothing is being written; looked at once a frame. */
function shown(page: Page, count: number): Promise<void> {
  return page.evaluate(async (wanted) => {
    const root = document.querySelector('app-root')?.shadowRoot;
    const list = root?.querySelector('forgelight-message-list')?.shadowRoot;
    for (let quiet = 0; quiet < 30; quiet += 1) {
      await new Promise(requestAnimationFrame);
      const isThere = (list?.querySelector('ol:not([hidden])')?.children.length ?? 0) === wanted;
      if (!isThere || document.documentElement.dataset['state'] !== 'ready') quiet = 0;
    }
  }, count);
}

test('an answer of 10 000 tokens comes behind 300 messages, all of which are opened and exchanged: no task takes long', async ({
  context,
  page,
}) => {
  await useScriptedEngine(context);
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  const rounds: ReadonlyMap<string, number>[] = [];
  const alwaysLong = (): string[] =>
    [...(rounds[0]?.keys() ?? [])].filter((step) => rounds.every((long) => long.has(step)));
  do {
    // Each round has its own, and begins with none in sight.
    const names = ['Rain', 'Bread'].map((name) => `${name} ${rounds.length}`);
    for (const name of names) await importChat(page, name);
    await page.getByTestId('new-chat').click();
    await shown(page, 0);
    const traced = await traceTasks(await context.newCDPSession(page));
    for (const name of names) await clickIn(page, name, MESSAGES);
    await asks(page);
    // The one with the long answer goes, and comes back.
    for (const [index, name] of names.entries()) await clickIn(page, name, MESSAGES + 2 * index);
    rounds.push(await longSteps(page, await traced()));
  } while (alwaysLong().length > 0 && rounds.length < ROUNDS);
  const told = alwaysLong().map(
    (step) => `${step}: ${rounds.map((long) => `${long.get(step)?.toFixed(0)} ms`).join(', ')}`,
  );
  expect(told).toEqual([]);
});

async function asks(page: Page): Promise<void> {
  await page.getByTestId('prompt').focus();
  await page.keyboard.insertText(`pour: ${TOKENS}`);
  await mark(page, stepMark('asks'));
  await partAnswer(page, stepMark('the answer from character '));
  await page.keyboard.press('Enter');
  await shown(page, MESSAGES + 2);
  await mark(page, END_MARK);
}

/** Makes each part of the answer that grows next a step: what is long for what it says is so in the same one each time. */
function partAnswer(page: Page, name: string): Promise<void> {
  return page.evaluate(
    ([step, characters]) => {
      const list = document.querySelector('app-root')?.shadowRoot?.querySelector('forgelight-message-list');
      let begun = 0;
      const look = (): void => {
        const last = list?.messages.at(-1);
        const part = last?.role === 'assistant' ? Math.floor(last.text.length / characters) : 0;
        if (part > begun) performance.mark(`${step}${part * characters} on`);
        begun = Math.max(begun, part);
        if (last?.role !== 'assistant' || last.status.kind === 'writing' || begun === 0) requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    },
    [name, PART_CHARACTERS] as const,
  );
}

/** Steps with a task that is too long on this machine, and the longest one of each. */
async function longSteps(page: Page, tasks: readonly Task[]): Promise<ReadonlyMap<string, number>> {
  const limitMs = limitOn(await page.evaluate(yardstickMs), LIMIT_MS);
  const long = new Map<string, number>();
  for (const { step, cpuMs } of tasks) if (cpuMs >= limitMs) long.set(step, Math.max(cpuMs, long.get(step) ?? 0));
  return long;
}
