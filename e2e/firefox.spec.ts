import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { KEYS, OwnFirefox } from './own-firefox';
import { servePage, type PageServer } from './page-server';

// The main job in the other browser with WebGPU on this system. One after the other, as a person does.
test.describe.configure({ mode: 'serial' });

/** Of the reference in f32, whose every token is the best one by far; the answer is what its ids mean, wrong sum and all. */
const oracle = JSON.parse(readFileSync('test/fixtures/oracle/SmolLM2-135M-Instruct.Q4_1.json', 'utf8')) as {
  chat: { user: string }[];
};
const QUESTION = oracle.chat[2]?.user ?? '';
const ANSWER = '12 + 30 = 32.';

let server: PageServer;
let firefox: OwnFirefox;
const atEnd: (() => Promise<void>)[] = [];
test.beforeAll(async () => {
  server = await servePage();
  atEnd.unshift(() => server.stop());
  firefox = await OwnFirefox.start();
  atEnd.unshift(() => firefox.close());
});
test.afterAll(async () => {
  for (const end of atEnd) await end();
});

test('@firefox a person opens the page in Firefox, and the model answers exactly', async () => {
  await firefox.open(server.address);
  await untilState('ready');
  expect(await firefox.texts('model-button')).toEqual([
    expect.stringMatching(/on unnamed software adapter [0-9a-f]{6}/),
  ]);

  await firefox.click('settings-button');
  await firefox.click('preset-exact');
  await firefox.click('settings-done');
  await ask(QUESTION);
  await untilState('ready');
  expect(await firefox.texts('answer')).toEqual([ANSWER]);

  await ask('Tell me a long story about the rain in France.');
  await expect.poll(async () => (await firefox.texts('answer')).at(-1), { timeout: 240_000 }).toMatch(/\S+\s+\S+/);
  await firefox.type(KEYS.escape);
  await untilState('ready');
  expect(firefox.problems).toEqual([]);
});

test('@firefox the model, once kept, answers without the server, and the conversation is there', async () => {
  await expect.poll(() => firefox.call(() => navigator.serviceWorker.controller !== null)).toBe(true);
  await server.stop();
  await firefox.open(server.address);
  await untilState('ready');
  expect(await firefox.texts('question')).toEqual([QUESTION, 'Tell me a long story about the rain in France.']);

  await firefox.click('new-chat');
  await ask('Hi');
  await expect.poll(() => firefox.texts('answer'), { timeout: 240_000 }).toEqual([expect.stringMatching(/\S/)]);
  await firefox.type(KEYS.escape);
  await untilState('ready');
});

async function ask(question: string): Promise<void> {
  await firefox.click('prompt');
  await firefox.type(question);
  await firefox.type(KEYS.enter);
  await untilState('generating');
}

async function untilState(state: string): Promise<void> {
  await expect.poll(() => firefox.state(), { timeout: 300_000, intervals: [100] }).toBe(state);
}
