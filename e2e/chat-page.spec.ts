import { readFileSync } from 'node:fs';
import { expect, test, type Locator, type Page } from '@playwright/test';
import { useScriptedEngine } from './scripted';

// Journeys of what people do with the page. The page, the client and the store are the built ones; the model's part is scripted.
test.beforeEach(({ context }) => useScriptedEngine(context));

const answers = (page: Page): Locator => page.getByTestId('answer');

async function settled(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
}

async function open(page: Page): Promise<void> {
  await page.goto('/');
  await settled(page);
}

async function ask(page: Page, question: string): Promise<void> {
  await page.getByTestId('prompt').fill(question);
  await page.getByTestId('prompt').press('Enter');
}

/** The body of the request that the page sent for this very question. */
async function bodyOf(page: Page): Promise<Record<string, unknown>> {
  await ask(page, 'body');
  await settled(page);
  return JSON.parse(await answers(page).last().locator('pre code').innerText()) as Record<string, unknown>;
}

test('a person asks, reads the answer, and stops one', async ({ page }) => {
  await open(page);
  await ask(page, 'write: **Bold** and `code`.');
  await expect(answers(page).last().locator('strong')).toHaveText('Bold');
  await settled(page);

  await ask(page, 'slowly: 2000');
  await expect(answers(page).last()).toContainText('word3');
  await page.keyboard.press('Escape');
  await settled(page);
  await expect(page.getByTestId('status')).toHaveText('Answer stopped.');
});

test('conversations are kept: found, renamed, deleted, and there again after a reload', async ({ page }) => {
  await open(page);
  await ask(page, 'write: Rain falls.');
  await settled(page);
  await page.getByTestId('new-chat').click();
  await ask(page, 'write: Bread rises.');
  await settled(page);
  await expect(page.getByTestId('chat')).toHaveCount(2);

  await page.getByTestId('chat-search').fill('RAIN FALLS');
  await expect(page.getByTestId('chat')).toHaveCount(1);
  await page.getByTestId('chat-open').click();
  await expect(answers(page)).toHaveText(/Rain falls\./);
  await page.getByTestId('chat-rename').click();
  await page.getByTestId('chat-name').fill('Weather');
  await page.getByTestId('chat-name').press('Enter');
  await expect(page.getByTestId('chats-none')).toHaveCount(0);
  await page.getByTestId('chat-search').fill('');

  await page.reload();
  await settled(page);
  await expect(page.getByTestId('chat-open')).toHaveText([/Bread/, /Weather/]);
  await page.getByTestId('chat-open').last().click();
  await expect(answers(page)).toHaveText(/Rain falls\./);
  await page.getByTestId('chat').last().hover();
  await page.getByTestId('chat-delete').last().click();
  await page.getByTestId('chat-yes').click();
  await expect(page.getByTestId('chat-open')).toHaveText([/Bread/]);
  await page.reload();
  await expect(page.getByTestId('chat-open')).toHaveText([/Bread/]);
});

test('what is exported can be imported, and a wrong file says what is wrong', async ({ page }) => {
  await open(page);
  await ask(page, 'write: To be carried elsewhere.');
  await settled(page);
  const downloading = page.waitForEvent('download');
  await page.getByTestId('export-all').click();
  const file = await (await downloading).path();
  expect(readFileSync(file, 'utf8')).toContain('To be carried elsewhere.');

  await page.getByTestId('chat').hover();
  await page.getByTestId('chat-delete').click();
  await page.getByTestId('chat-yes').click();
  await expect(page.getByTestId('chat')).toHaveCount(0);
  await page.getByTestId('import-file').setInputFiles({
    name: 'cat.json',
    mimeType: 'application/json',
    buffer: Buffer.from('GIF89a'),
  });
  await expect(page.getByTestId('notice')).toContainText('cat.json was not imported');
  await page.getByTestId('import-file').setInputFiles(file);
  await page.getByTestId('chat-open').click();
  await expect(answers(page)).toHaveText(/To be carried elsewhere\./);
});

test('a question is edited and an answer asked for again: every version stays', async ({ page }) => {
  await open(page);
  await ask(page, 'write: First.');
  await settled(page);
  await page.getByTestId('edit').click();
  await page.getByTestId('question-editor').fill('write: Second.');
  await page.getByTestId('edit-send').click();
  await expect(answers(page)).toHaveText(/Second\./);
  await settled(page);
  await expect(page.getByTestId('version')).toHaveText(/2 *\/ *2/);
  await page.getByTestId('version-previous').click();
  await expect(answers(page)).toHaveText(/First\./);
  await page.getByTestId('regenerate').click();
  await settled(page);
  await expect(page.getByTestId('version').last()).toHaveText(/2 *\/ *2/);

  await page.reload();
  await settled(page);
  await page.getByTestId('chat-open').click();
  await expect(page.getByTestId('version')).toHaveCount(2);
});

test('several conversations answer at once, and each stops by itself', async ({ page }) => {
  await open(page);
  // So long that neither ends by itself on a slow machine.
  await ask(page, 'slowly: 2000');
  await expect(answers(page)).toContainText('word3');
  await page.getByTestId('new-chat').click();
  await ask(page, 'slowly: 2001');
  await expect(page.getByTestId('chat-writing')).toHaveCount(2);
  await page.getByTestId('stop').click();
  await expect(page.getByTestId('chat-writing')).toHaveCount(1);
  await page.getByTestId('chat-open').filter({ hasText: '2000' }).click();
  const words = (await answers(page).innerText()).split(' ').length;
  await expect(answers(page)).toContainText(`word${words + 5}`);
  await page.getByTestId('stop').click();
  await expect(page.getByTestId('chat-writing')).toHaveCount(0);
  await settled(page);
});

test('an answer grows in other tabs, and has stopped there when its own tab is closed: what was written is kept', async ({
  context,
  page,
}) => {
  await open(page);
  const writer = await context.newPage();
  await open(writer);
  await ask(writer, 'slowly: 2000');
  await page.getByTestId('chat-open').click();
  await expect(page.getByTestId('elsewhere')).toBeVisible();
  await expect(answers(page)).toContainText('word20');
  await expect(page.getByTestId('stop')).toHaveCount(0);
  await writer.close({ runBeforeUnload: false });
  await expect(page.getByTestId('answer-details')).toContainText('Stopped');
  await expect(answers(page)).toContainText('word20');
  await settled(page);
});

test('system prompt and sampling are sent with the conversation that has them', async ({ page }) => {
  await open(page);
  expect(await bodyOf(page)).toMatchObject({ messages: [{ role: 'user', content: 'body' }] });
  await page.getByTestId('settings-button').click();
  await page.getByTestId('settings-system').fill('Answer in Latin.');
  await page.getByTestId('setting-temperature').fill('0.3');
  await page.getByTestId('settings-done').click();
  const body = await bodyOf(page);
  expect(body['temperature']).toBe(0.3);
  expect(body['messages']).toMatchObject([{ role: 'system', content: 'Answer in Latin.' }, {}, {}, {}]);
});

test('a link asks before anything of it is set, and what it asks for is sent once it was taken', async ({ page }) => {
  await page.goto(`/#${new URLSearchParams({ sys: 'Be brief, and rhyme.' })}`);
  await expect(page.getByTestId('shared')).toContainText('Be brief, and rhyme.');
  await expect(page.getByTestId('shared')).toContainText('Nothing of it has been fetched or set yet');
  await page.getByTestId('shared-use').click();
  await expect(page.getByTestId('shared')).toHaveCount(0);
  await page.getByTestId('load-model').click();
  await settled(page);
  expect(await bodyOf(page)).toMatchObject({ messages: [{ role: 'system', content: 'Be brief, and rhyme.' }, {}] });
  expect(page.url()).not.toContain('sys=');
});

test('a link whose dialog cannot be fetched is fetched once, and is there after a reload, until it is answered', async ({
  page,
}) => {
  let fetched = 0;
  const dialog = '**/assets/shared-card-*.js';
  await page.route(dialog, (route) => {
    fetched += 1;
    return route.abort();
  });
  await page.goto(`/#${new URLSearchParams({ sys: 'Rhyme.' })}`);
  await expect(page.getByTestId('notice')).toContainText('Reload the page');
  await page.getByTestId('load-model').click();
  await settled(page);
  expect(fetched).toBe(1);
  await page.unroute(dialog);
  await page.reload();
  await expect(page.getByTestId('shared')).toContainText('Rhyme.');
  await page.getByTestId('shared-decline').click();
  await page.reload();
  await settled(page);
  await expect(page.getByTestId('shared')).toHaveCount(0);
});

test('an answer that fails says so, can be asked for again, and the others go on', async ({ page }) => {
  await open(page);
  await ask(page, 'fail: context-overflow');
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'context-overflow');
  await ask(page, 'write: Still here.');
  await expect(answers(page).last()).toHaveText(/Still here\./);
});

test('the GPU is lost under an answer: the page says so, and the answer goes on', async ({ page }) => {
  await open(page);
  await ask(page, 'lose: 60');
  await expect(page.getByTestId('gpu-notice')).toBeVisible();
  await page.evaluate(() => new BroadcastChannel('scripted-gpu').postMessage('back'));
  await expect(answers(page)).toContainText('word60');
  await expect(page.getByTestId('gpu-notice')).toHaveCount(0);
});

test('a download is paused and continued', async ({ page }) => {
  await page.goto('/?autoload=0');
  await page.getByTestId('model-url').fill('https://models.test/hang.gguf');
  await page.getByTestId('load-url').click();
  await expect(page.getByTestId('load-percent')).toHaveText('50 %');
  await expect(page.getByTestId('load-details')).toContainText('/s');
  await page.getByTestId('stop-loading').click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'idle');
  await page.getByTestId('load-model').click();
  await expect(page.getByTestId('load-percent')).toHaveText('50 %');
});

test('everything is reached by keys, and a sheet says which', async ({ page }) => {
  await open(page);
  await page.keyboard.press('Control+/');
  await expect(page.getByTestId('shortcut-sheet')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('shortcut-sheet')).toBeHidden();
  await page.keyboard.press('Alt+Shift+M');
  await page.keyboard.type('write: One.');
  await page.keyboard.press('Enter');
  await settled(page);
  await page.keyboard.press('Alt+Shift+N');
  await page.keyboard.type('write: Two.');
  await page.keyboard.press('Enter');
  await settled(page);
  await page.keyboard.press('Alt+Shift+J');
  await expect(answers(page)).toHaveText(/One\./);
  await page.keyboard.press('Alt+Shift+S');
  await expect(page.getByTestId('settings')).toBeVisible();
});
