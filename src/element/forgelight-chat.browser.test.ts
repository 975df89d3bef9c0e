import axe from 'axe-core';
import { page, userEvent } from 'vitest/browser';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deepFocus, until } from '../../test/support/browser-waits';
import type { ScriptedAnswer, ScriptedLoad } from '../../test/support/scripted-engine';
import { ScriptedEngines } from '../../test/support/scripted-engine';
import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import type { Engine, EngineOptions, FitReport } from '../client/index';
import { CATALOGUE } from '../client/index';
import type { ForgelightChatElement } from './chat-element';
import { ForgelightChat } from './forgelight-chat';
import { useTexts } from './texts';

const engines = { now: new ScriptedEngines() };
const asked: string[] = [];
const FITS: FitReport = {
  verdict: 'fits',
  sizeBytes: 98_362_432,
  weightBytes: 98_000_000,
  kvBytes: 50_000_000,
  scratchBytes: 2_000_000,
  contextLength: 2048,
  largestContextLength: 8192,
  memoryBudgetBytes: 1e9,
  reason: 'The reason.',
};
let fit = FITS;

/** The element, with engines that the test steps by hand. */
class ScriptedChat extends ForgelightChat {
  protected override startEngine(options: EngineOptions): Promise<Engine> {
    return engines.now.createEngine(options);
  }

  protected override askFit(model: string): Promise<FitReport> {
    asked.push(model);
    return Promise.resolve(fit);
  }
}
customElements.define('forgelight-chat', ScriptedChat);

const SRC = defined(CATALOGUE[0], 'a model').model;
const ANSWER = '# Rain\n\nIt **falls**:\n\n1. drizzle\n\n```js\nconst x = 1;\n```\n';
const DOWNLOAD = { phase: 'download', loaded: 40, total: 98, bytesPerSecond: 12, etaSeconds: 4.6, resumed: 0 } as const;

let main: HTMLElement;

beforeEach(async () => {
  vi.setConfig({ testTimeout: 20_000 });
  engines.now = new ScriptedEngines();
  asked.length = 0;
  fit = FITS;
  await page.viewport(700, 700);
  document.documentElement.lang = 'en';
  document.title = 'A page';
  main = document.createElement('main');
  main.innerHTML = '<h1>A page</h1>';
  document.body.append(main);
});

afterEach(() => {
  main.remove();
  sessionStorage.clear();
  useTexts({});
});

const rendered = async (chat: ForgelightChatElement): Promise<void> => {
  if (chat instanceof ForgelightChat) await chat.updateComplete;
};

/** Mounts what `html` says and returns its first chat. */
async function mount(html: string): Promise<ForgelightChatElement> {
  main.insertAdjacentHTML('beforeend', html);
  const chat = defined(main.querySelector('forgelight-chat'), 'a chat');
  await rendered(chat);
  return chat;
}

const load = (): ScriptedLoad => defined(engines.now.loads.at(-1), 'a load');
const answer = (): ScriptedAnswer => defined(engines.now.answers.at(-1), 'an answer');

async function ready(chat: ForgelightChatElement): Promise<void> {
  const loading = chat.load();
  load().finish();
  await loading;
}

/** Every state that a person can meet, with the way into it. */
const STATES: Readonly<Record<string, (chat: ForgelightChatElement) => Promise<void>>> = {
  idle: async () => undefined,
  'idle without a model': async (chat) => chat.removeAttribute('src'),
  downloading: async (chat) => {
    void chat.load().catch(() => undefined);
    load().options.onProgress?.(DOWNLOAD);
  },
  loading: async (chat) => void chat.load().catch(() => undefined),
  ready,
  disabled: async (chat) => {
    await ready(chat);
    chat.disabled = true;
  },
  generating: async (chat) => {
    await ready(chat);
    void chat.send('How does rain form?');
    await until(() => engines.now.answers.length > 0);
    answer().write(ANSWER);
    await until(() => page.getByText('drizzle').elements().length > 0);
  },
  'with a conversation': async (chat) => {
    await ready(chat);
    chat.messages = [
      { role: 'user', content: 'How does rain form?' },
      { role: 'assistant', content: ANSWER },
    ];
    await until(() => page.getByText('drizzle').elements().length > 0);
  },
  'without a GPU for now': async (chat) => {
    await ready(chat);
    load().enter('lost');
  },
  error: async (chat) => {
    const loading = chat.load().catch(() => undefined);
    load().fail(new ForgelightError('out-of-memory', 'It does not fit.'));
    await loading;
  },
};

describe.each(['light', 'dark'])('axe finds nothing (%s)', (theme) => {
  it.each(Object.keys(STATES))('%s', async (name) => {
    const chat = await mount(`<forgelight-chat src="${SRC}" theme="${theme}"></forgelight-chat>`);
    await defined(STATES[name], name)(chat);
    await rendered(chat);
    await Promise.all(
      document
        .getAnimations()
        .filter((animation) => animation instanceof CSSTransition)
        .map(({ finished }) => finished),
    );
    const { violations } = await axe.run(main, { resultTypes: ['violations'] });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
  });
});

it('waits behind a poster that tells the size, and nothing is loaded before the click', async () => {
  const chat = await mount(`<forgelight-chat src="${SRC}"></forgelight-chat>`);
  await expect.element(page.getByTestId('size')).toHaveTextContent('98.4 MB');
  expect(chat.matches(':state(idle)')).toBe(true);
  expect(engines.now.loads).toHaveLength(0);
  await userEvent.click(page.getByTestId('load-model'));
  expect(engines.now.loads).toHaveLength(1);
  expect(load().options.model).toBe(SRC);
  expect(chat.matches(':state(loading)')).toBe(true);
  load().finish();
  await until(() => chat.matches(':state(ready)'));
  expect(deepFocus()?.getAttribute('data-testid')).toBe('prompt');
});

it('says no size that nobody has told', async () => {
  await mount('<forgelight-chat src="hf:owner/repo/x.gguf"></forgelight-chat>');
  await expect.element(page.getByTestId('poster')).toHaveTextContent('x.gguf');
  expect(page.getByTestId('size').elements()).toEqual([]);
});

it.each([
  [{}, 'It should fit this device: it needs about 150.0 MB of graphics memory.'],
  [{ verdict: 'fits-shorter', largestContextLength: 512 }, 'with a context of up to 512 tokens'],
  [
    { verdict: 'too-big', memoryBudgetBytes: 1e8 },
    'needs about 150.0 MB of graphics memory, and this browser gives about 100.0 MB',
  ],
  [{ verdict: 'too-big' }, 'The reason.'],
  [{ purpose: 'embedding' as const }, 'This model makes embeddings and cannot chat.'],
  [{ verdict: 'unsupported' }, 'This model cannot be run here. The reason.'],
] as const)('its poster says whether the model fits, once it is seen: %o', async (told, words) => {
  fit = { ...FITS, ...told };
  await mount('<forgelight-chat src="hf:owner/repo/x.gguf"></forgelight-chat>');
  await expect.element(page.getByTestId('fit')).toHaveTextContent(words);
  await expect.element(page.getByTestId('size')).toHaveTextContent('98.4 MB');
  expect([asked, engines.now.loads]).toEqual([['hf:owner/repo/x.gguf'], []]);
});

it('asks nothing of a poster that nobody sees, or that there is none of', async () => {
  const tag = (loading: string): string => `<forgelight-chat src="${SRC}" loading="${loading}"></forgelight-chat>`;
  await mount(`${tag('eager')}<div style="height: 300vh"></div>${tag('lazy')}${tag('manual')}`);
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  expect(asked).toEqual([]);
  main.lastElementChild?.scrollIntoView();
  await until(() => asked.length > 0);
  expect(asked).toEqual([SRC]);
});

it('speaks another language where it is given the texts, in its parts too, and writes numbers in its own', async () => {
  const chat = await mount(`<forgelight-chat src="${SRC}" lang="de"></forgelight-chat>`);
  await expect.element(page.getByTestId('size')).toHaveTextContent('98,4 MB');
  useTexts({ lang: 'de', poster: { load: 'Modell laden' }, composer: { send: 'Senden' } });
  await expect.element(page.getByTestId('load-model')).toHaveTextContent('Modell laden');
  await expect.element(page.getByTestId('send')).toHaveAttribute('aria-label', 'Senden');
  await expect.element(page.getByTestId('composer-hint')).toHaveTextContent('Load a model first.');
  expect(chat.shadowRoot?.querySelector('[lang]')?.getAttribute('lang')).toBe('de');
  chat.lang = '';
  await rendered(chat);
  expect(chat.hasAttribute('lang')).toBe(false);
  await ready(chat);
  const sending = chat.send('Hi');
  await until(() => engines.now.answers.length > 0);
  answer().write('Hallo');
  answer().finish();
  await sending;
  await expect.element(page.getByTestId('answer-details')).toHaveTextContent('14,2 tokens/s');
});

it('loads its model again when its page comes back, and keeps its messages; a poster stays one', async () => {
  const [tag, bare] = [`<forgelight-chat src="${SRC}"></forgelight-chat>`, '<forgelight-chat></forgelight-chat>'];
  const one = await mount(tag + bare + tag);
  const [, two, poster] = [...main.querySelectorAll('forgelight-chat')];
  await ready(one);
  defined(two, 'another').engine = one.engine;
  one.messages = [{ role: 'user', content: 'Hi' }];
  const comesBack = new PageTransitionEvent('pageshow', { persisted: true });
  window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }));
  expect(engines.now.loads).toHaveLength(1);
  load().enter('gone', { error: { code: 'closed', message: 'The page was left.' } });
  expect([one.state, two?.state]).toEqual(['error', 'error']);
  window.dispatchEvent(comesBack);
  await until(() => two?.state === 'loading');
  expect([one.state, poster?.state, engines.now.loads.length]).toEqual(['loading', 'idle', 2]);
  load().finish();
  await until(() => two?.state === 'ready');
  expect([one.state, two?.engine === one.engine, one.messages.length]).toEqual(['ready', true, 1]);
});

it('loads nothing for a question that is none, nor to ask again what nobody asked', async () => {
  const chat = await mount(`<forgelight-chat src="${SRC}"></forgelight-chat>`);
  await expect(chat.send(' \n')).rejects.toMatchObject({ code: 'invalid-request' });
  await expect(chat.regenerate()).rejects.toMatchObject({ code: 'invalid-request' });
  expect([chat.state, engines.now.loads]).toEqual(['idle', []]);
});

it('takes attributes that have none of their words as absent', async () => {
  const chat = await mount(
    `<forgelight-chat src="${SRC}" loading="soon" theme="blue" persist="always" device="bridge"></forgelight-chat>`,
  );
  if (!(chat instanceof ForgelightChat)) throw new TypeError('It is not defined.');
  expect([chat.loading, chat.theme, chat.persist, chat.device]).toEqual(['manual', 'auto', 'none', 'bridge']);
  chat.setAttribute('persist', 'local');
  chat.removeAttribute('device');
  expect([chat.persist, chat.device]).toEqual(['local', 'auto']);
});

it('loads at once, or when it is seen, where it is told to', async () => {
  const eager = await mount(`<forgelight-chat src="${SRC}" loading="eager" context-length="512"></forgelight-chat>`);
  expect(engines.now.loads.map(({ options }) => options.contextLength)).toEqual([512]);
  eager.remove();
  await mount(`<div style="height: 300vh"></div><forgelight-chat src="${SRC}" loading="lazy"></forgelight-chat>`).then(
    async (lazy) => {
      await new Promise(requestAnimationFrame);
      expect(engines.now.loads).toHaveLength(1);
      lazy.scrollIntoView();
      await until(() => engines.now.loads.length === 2);
    },
  );
});

it.each(['eager', 'lazy'])('loads by itself (%s) once for each src, not again when it moves', async (loading) => {
  const chat = await mount(`<forgelight-chat src="${SRC}" loading="${loading}"></forgelight-chat>`);
  await until(() => engines.now.loads.length === 1);
  chat.unload();
  main.append(document.createElement('p'), chat);
  const frames = async (): Promise<void> => {
    await rendered(chat);
    for (let n = 0; n < 3; n += 1) await new Promise(requestAnimationFrame);
  };
  await frames();
  expect([chat.state, engines.now.loads.length]).toEqual(['idle', 1]);
  chat.src = `${SRC}?other`;
  await until(() => engines.now.loads.length === 2);
  chat.remove();
  await frames();
  main.append(chat);
  await until(() => engines.now.loads.length === 3);
});

it('tells what happens by events that leave shadow roots, and lets none of its parts’ out', async () => {
  const outer = main.appendChild(document.createElement('div'));
  const chat = document.createElement('forgelight-chat');
  chat.src = SRC;
  outer.attachShadow({ mode: 'open' }).append(chat);
  const heard: [string, unknown][] = [];
  const names = ['ready', 'message', 'delta', 'finish', 'state'].map((name) => `forgelight-${name}`);
  for (const name of [...names, 'prompt-sent', 'answer-stopped', 'announced']) {
    main.addEventListener(name, (event) => heard.push([name, (event as CustomEvent<unknown>).detail]));
  }
  await ready(chat);
  await userEvent.fill(page.getByTestId('prompt'), 'Hi');
  await userEvent.keyboard('{Enter}');
  await until(() => engines.now.answers.length > 0);
  answer().write('Hello');
  answer().finish();
  await until(() => chat.state === 'ready');
  expect(heard.map(([name]) => name.replace('forgelight-', ''))).toEqual(
    'state state ready message state delta message finish state'.split(' '),
  );
  expect(heard.find(([name]) => name === 'forgelight-delta')?.[1]).toEqual({ text: 'Hello' });
  expect(chat.usage?.completion_tokens).toBe(64);
});

it('is a form control: the last answer is its value, and its form disables and empties it', async () => {
  const chat = await mount(
    `<form><fieldset><forgelight-chat name="reply" src="${SRC}"></forgelight-chat></fieldset></form>`,
  );
  const form = defined(chat.form, 'its form');
  expect(new FormData(form).has('reply')).toBe(false);
  await ready(chat);
  const sending = chat.send('Hi');
  await until(() => engines.now.answers.length > 0);
  answer().write('Hello');
  answer().finish();
  await sending;
  expect(new FormData(form).get('reply')).toBe('Hello');
  defined(form.querySelector('fieldset'), 'a fieldset').disabled = true;
  await expect.element(page.getByTestId('prompt')).toBeDisabled();
  form.reset();
  expect(chat.messages).toEqual([]);
  expect(new FormData(form).has('reply')).toBe(false);
});

it('gives its conversation away and takes it, and refuses what is none', async () => {
  const chat = await mount('<forgelight-chat system="Be brief."></forgelight-chat>');
  chat.messages = [{ role: 'user', content: 'Hi' }];
  const kept = JSON.stringify(chat.exportChat());
  chat.clear();
  chat.system = '';
  chat.importChat(kept);
  expect([chat.system, chat.messages]).toEqual(['Be brief.', [{ role: 'user', content: 'Hi' }]]);
  expect(() => chat.importChat('{"format":"other"}')).toThrow(ForgelightError);
  expect(chat.messages).toHaveLength(1);
});

it('keeps its conversation for the tab where it is told to', async () => {
  const html = `<forgelight-chat src="${SRC}" name="kept" persist="session"></forgelight-chat>`;
  const chat = await mount(html);
  chat.messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
  ];
  chat.remove();
  const again = await mount(`<form>${html}</form>`);
  expect(again.messages).toHaveLength(2);
  expect(new FormData(defined(again.form, 'its form')).get('kept')).toBe('Hello');
  main.querySelector('forgelight-chat')?.clear();
  expect(sessionStorage).toHaveLength(0);
});

it('takes what was set before the tag was registered, also an engine of another copy of the package', async () => {
  const tag = main.appendChild(document.createElement('forgelight-late')) as unknown as ForgelightChatElement;
  const making = engines.now.createEngine({ model: SRC });
  load().finish();
  tag.engine = await making;
  tag.messages = [{ role: 'user', content: 'Hi' }];
  customElements.define('forgelight-late', class extends ForgelightChat {});
  expect([tag.state, tag.messages.length]).toEqual(['ready', 1]);
  const sending = tag.send('Ho').catch((error: unknown) => error);
  await until(() => engines.now.answers.length > 0);
  answer().fail(Object.assign(new Error('It is busy.'), { name: 'ForgelightError', code: 'busy' }));
  await sending;
  await expect.element(page.getByTestId('error')).toHaveAttribute('data-code', 'busy');
});

it('shares an engine, and frees it when the last element is gone for good', async () => {
  const tag = `<forgelight-chat src="${SRC}"></forgelight-chat>`;
  const one = await mount(tag + tag);
  const two = defined(main.querySelectorAll('forgelight-chat')[1], 'another');
  await ready(one);
  two.engine = one.engine;
  expect([two.state, engines.now.loads.length]).toEqual(['ready', 1]);
  main.prepend(one);
  await Promise.resolve();
  expect(one.state).toBe('ready');
  one.remove();
  await Promise.resolve();
  expect([one.state, two.state, engines.now.closed]).toEqual(['idle', 'ready', 0]);
  two.remove();
  await Promise.resolve();
  expect(engines.now.closed).toBe(1);
});

it('unloads the model when it is given another', async () => {
  const chat = await mount(`<forgelight-chat src="${SRC}"></forgelight-chat>`);
  await ready(chat);
  chat.src = 'hf:owner/repo/y.gguf';
  await rendered(chat);
  expect([chat.state, engines.now.closed]).toEqual(['idle', 1]);
});
