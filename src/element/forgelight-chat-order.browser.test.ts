import { page } from 'vitest/browser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../test/support/browser-waits';
import { defineScriptedChat } from '../../test/support/scripted-chat';
import { ScriptedEngines } from '../../test/support/scripted-engine';
import { defined } from '../base/assert';
import type { ForgelightChat } from './forgelight-chat';

const [A, B] = ['https://example.org/a.gguf', 'https://example.org/b.gguf'];
const engines = defineScriptedChat();

let chat: ForgelightChat;

beforeEach(async () => {
  engines.now = new ScriptedEngines();
  chat = document.createElement('forgelight-chat') as ForgelightChat;
  chat.src = A;
  document.body.append(chat);
  await chat.updateComplete;
});

afterEach(() => chat.remove());

const load = () => defined(engines.now.loads.at(-1), 'a load');
const answer = () => defined(engines.now.answers.at(-1), 'an answer');

async function ready(): Promise<void> {
  const loading = chat.load();
  load().finish();
  await loading;
}

describe('another model that is asked for in the task that names it', () => {
  it.each(['ready', 'loading', 'idle'])('is loaded in place of the first (%s)', async (before) => {
    if (before === 'ready') await ready();
    if (before === 'loading') void chat.load().catch(() => undefined);
    chat.src = B;
    const loading = chat.load();
    expect(load().options.model).toBe(B);
    load().finish();
    await loading;
    await chat.updateComplete;
    expect([chat.state, engines.now.closed]).toEqual(['ready', before === 'ready' ? 1 : 0]);
  });

  it('answers what is sent then', async () => {
    await ready();
    chat.src = B;
    const sending = chat.send('Hi');
    load().finish();
    await until(() => engines.now.answers.length > 0);
    answer().write('Hello');
    answer().finish();
    expect(await sending).toBe('Hello');
    expect(load().options.model).toBe(B);
  });

  it('is loaded by who hears that the first is gone', async () => {
    await ready();
    const loadAgain = (): void => void chat.load().catch(() => undefined);
    chat.addEventListener('forgelight-state', loadAgain, { once: true });
    chat.src = B;
    expect(load().options.model).toBe(B);
  });

  it('leaves an engine alone that was given after it', async () => {
    await ready();
    const making = engines.now.createEngine({ model: B });
    load().finish();
    const engine = await making;
    chat.src = B;
    chat.engine = engine;
    await chat.updateComplete;
    expect([chat.state, chat.engine]).toEqual(['ready', engine]);
  });
});

describe('Escape', () => {
  it.each([
    [true, 'generating'],
    [false, 'ready'],
  ])('ends the answer, unless an input method composes a word: %s', async (isComposing, state) => {
    await ready();
    void chat.send('Hi');
    await until(() => engines.now.answers.length > 0);
    const press = new KeyboardEvent('keydown', { key: 'Escape', isComposing, bubbles: true, composed: true });
    page.getByTestId('prompt').element().dispatchEvent(press);
    expect(chat.state).toBe(state);
  });
});
