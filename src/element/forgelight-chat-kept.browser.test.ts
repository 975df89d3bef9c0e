import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../../test/support/browser-waits';
import { defineScriptedChat } from '../../test/support/scripted-chat';
import { ScriptedEngines } from '../../test/support/scripted-engine';
import { defined } from '../base/assert';
import type { ChatEntry } from './exported-chat';
import { exportOf } from './exported-chat';
import type { ForgelightChat } from './forgelight-chat';

const KEY = 'forgelight-chat:kept';
const OURS: readonly ChatEntry[] = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Hello' },
];
const THEIRS: readonly ChatEntry[] = [
  ...OURS,
  { role: 'user', content: 'More' },
  { role: 'assistant', content: 'Yes' },
];
const engines = defineScriptedChat();

beforeEach(() => {
  engines.now = new ScriptedEngines();
});

afterEach(async () => {
  document.body.replaceChildren();
  // An answer that ends because its element is gone is kept in a microtask.
  await new Promise(requestAnimationFrame);
  sessionStorage.clear();
  localStorage.clear();
});

async function mount(persist: string): Promise<ForgelightChat> {
  const tag = `<form><forgelight-chat src="https://example.org/a.gguf" name="kept" persist="${persist}"></forgelight-chat></form>`;
  document.body.insertAdjacentHTML('beforeend', tag);
  const chat = document.body.lastElementChild?.firstElementChild as ForgelightChat;
  await chat.updateComplete;
  return chat;
}

/** Asks, and waits until half of the answer is there. */
async function ask(chat: ForgelightChat): Promise<void> {
  const loading = chat.load();
  engines.now.loads.at(-1)?.finish();
  await loading;
  void chat.send('And?');
  await until(() => engines.now.answers.length > 0);
  engines.now.answers.at(-1)?.write('Half');
  await until(() => chat.value === 'Half');
}

/** As another tab writes it. */
function writeElsewhere(messages: readonly ChatEntry[] | null, storage = localStorage): void {
  const newValue = messages === null ? null : JSON.stringify(exportOf(messages, ''));
  if (newValue === null) storage.removeItem(KEY);
  else storage.setItem(KEY, newValue);
  window.dispatchEvent(new StorageEvent('storage', { key: KEY, newValue, storageArea: storage }));
}

it.each([
  ['the page is left', () => window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }))],
  ['the page is hidden', () => document.dispatchEvent(new Event('visibilitychange'))],
])('a running answer is kept, as far as it is, when %s', async (_, goes) => {
  await ask(await mount('session'));
  goes();
  const next = await mount('session');
  expect(next.messages).toEqual([
    { role: 'user', content: 'And?' },
    { role: 'assistant', content: 'Half' },
  ]);
});

it('a page that goes without a running answer leaves alone what another one has kept', async () => {
  const chat = await mount('session');
  chat.messages = OURS;
  sessionStorage.setItem(KEY, 'theirs');
  window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }));
  expect(sessionStorage.getItem(KEY)).toBe('theirs');
});

it('what another tab makes of the conversation is taken over, and not written again', async () => {
  const chat = await mount('local');
  chat.messages = OURS;
  chat.system = 'Ours.';
  writeElsewhere(THEIRS);
  const kept = defined(localStorage.getItem(KEY), 'what is kept');
  expect(chat.messages).toEqual(THEIRS);
  expect(new FormData(defined(chat.form, 'its form')).get('kept')).toBe('Yes');
  expect(kept).not.toContain('Ours.');
  writeElsewhere(null);
  expect([chat.messages, localStorage.getItem(KEY)]).toEqual([[], null]);
});

it('a question that another tab still answers, and what is no chat, are not taken over', async () => {
  const chat = await mount('local');
  chat.messages = OURS;
  writeElsewhere([{ role: 'user', content: 'Open' }]);
  expect(chat.messages).toEqual(OURS);
  localStorage.setItem(KEY, '[]');
  window.dispatchEvent(new StorageEvent('storage', { key: KEY, newValue: '[]', storageArea: localStorage }));
  expect(chat.messages).toEqual(OURS);
});

it('a chat that answers, or that is kept somewhere else, hears nothing of other tabs', async () => {
  const [answering, none, session] = [await mount('local'), await mount('none'), await mount('session')];
  for (const chat of [none, session]) chat.messages = OURS;
  await ask(answering);
  writeElsewhere(THEIRS);
  writeElsewhere(null);
  for (const chat of [none, session]) expect(chat.messages).toEqual(OURS);
  expect(answering.value).toBe('Half');
});
