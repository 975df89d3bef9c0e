import { expect, test, type Page } from '@playwright/test';
import { RunningDaemon } from './daemon';
import { OpenAiServer } from './openai-server';
import { useScriptedEngine } from './scripted';

// The built page with the built daemon before another server. What this page's own engine answers is scripted.

const MODEL = '/fixtures/zoo/llama.gguf';
let server: OpenAiServer;
let daemon: RunningDaemon;

test.beforeEach(async () => {
  server = await OpenAiServer.start(['large', 'small']);
});
test.afterEach(async () => {
  await daemon.stop();
  await server.stop();
});

async function ready(page: Page, ...words: readonly string[]): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  for (const word of words) await expect(page.getByTestId('model-button')).toContainText(word);
}

async function look(page: Page): Promise<void> {
  await page.getByTestId('bridge-address').fill(daemon.url);
  await page.getByTestId('bridge-look').click();
}

async function pair(page: Page): Promise<void> {
  await look(page);
  await expect(page.getByTestId('bridge-state')).toHaveAttribute('data-state', 'code');
  await page.getByTestId('bridge-code').fill(await daemon.code());
  await page.getByTestId('bridge-pair').click();
}

async function openBridge(page: Page): Promise<void> {
  await page.getByTestId('model-button').click();
  await page.getByTestId('bridge').click();
}

async function ask(page: Page): Promise<void> {
  await page.getByTestId('prompt').fill('Who are you?');
  await page.getByTestId('prompt').press('Enter');
}

test('a page is answered by the server behind the bridge, until its pairing is taken back, and the daemon ends', async ({
  page,
  context,
}) => {
  daemon = await RunningDaemon.start('llama', { upstream: server.url });
  await useScriptedEngine(context);
  await page.goto(`/?model=${MODEL}`);
  await ready(page, 'scripted');
  await openBridge(page);
  await pair(page);

  // What is loaded stays this page's, which says why.
  await ready(page, 'scripted');
  await openBridge(page);
  await expect(page.getByText('The bridge was not used').last()).toContainText('another server');
  await expect(page.getByTestId('bridge-models').getByRole('listitem')).toHaveText([/large/, /small/]);
  await page.getByRole('button', { name: 'Use large' }).click();
  await ready(page, 'large', server.url);
  await ask(page);
  await expect(page.getByText('I am large.')).toBeVisible();
  await expect(page.getByTestId('answer-details')).toContainText(server.url);
  await expect(page.getByTestId('answer-details')).not.toContainText('tok/s');
  await page.getByTestId('model-button').click();
  await expect(page.getByTestId('model-facts').getByRole('term')).toHaveText(['Device']);

  // It is there at the next visit.
  await page.goto('/');
  await ready(page, 'large', server.url);

  const [grant] = JSON.parse(await daemon.command('pair', '--list', '--json')) as { readonly id: string }[];
  await daemon.command('pair', '--revoke', grant?.id ?? '');
  await ask(page);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'error');
  await expect(page.getByText('This page is not paired with the program on this computer').first()).toBeVisible();
  await page.goto(`/?model=${MODEL}`);
  await ready(page, 'scripted');
  await page.getByTestId('model-button').click();
  await expect(page.getByText('The bridge was not used')).toContainText('does not know this page');
  await page.getByTestId('bridge').click();
  await expect(page.getByTestId('bridge-state')).toHaveAttribute('data-state', 'not-paired');
  await expect(page.getByTestId('bridge-state')).toContainText('pair anew');
  await pair(page);
  await ready(page, 'scripted');
  await openBridge(page);
  await page.getByRole('button', { name: 'Use small' }).click();
  await ready(page, 'small');

  await daemon.kill();
  await ask(page);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'error');
  await expect(page.getByText('The program on this computer does not answer').first()).toBeVisible();
  await expect(page.getByTestId('model-url')).toBeVisible();
});

test('a page whose origin the daemon does not take is told so, and what to do', async ({ page, context }) => {
  daemon = await RunningDaemon.start('llama', { upstream: server.url, origins: 'https://other.example' });
  await useScriptedEngine(context);
  await page.goto('/?autoload=0');
  await page.getByTestId('bridge').click();
  await look(page);
  await expect(page.getByTestId('bridge-state')).toHaveAttribute('data-state', 'refused');
  await expect(page.getByTestId('bridge-state')).toContainText('FORGELIGHT_ORIGINS');
});
