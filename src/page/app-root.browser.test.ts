import axe from 'axe-core';
import { page, userEvent } from 'vitest/browser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ScriptedAnswer, ScriptedLoad } from '../../test/support/scripted-engine';
import { ScriptedEngines } from '../../test/support/scripted-engine';
import { defined } from '../base/assert';
import { ERROR_CODES, ForgelightError } from '../base/errors';
import type { AppRoot } from './app-root';
import './app-root';
import { ChatStore } from './chat-store';
import { ERROR_TEXT, TEXT } from './messages';
import { pagePhase } from './page-state';
import './page.css';

const CHOICE = { reference: 'https://example.org/a.gguf', name: 'a.gguf', local: false, sizeBytes: 98_362_432 };
const DOWNLOAD = { phase: 'download', loaded: 40, total: 98, bytesPerSecond: 12, etaSeconds: 4.6, resumed: 0 } as const;
const ANSWER =
  '# Rain\n\nIt **falls** in three ways:\n\n1. drizzle\n2. showers\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n' +
  '```js\nconst x = 1;\n```\n\n> quoted `code` and [a link](https://example.org/)\n';

let engines: ScriptedEngines;
let store: ChatStore;
let root: AppRoot;
let reported: unknown[];

beforeEach(async () => {
  document.documentElement.lang = 'en';
  document.title = TEXT.documentTitle;
  await page.viewport(1000, 700);
  engines = new ScriptedEngines();
  reported = [];
  store = new ChatStore(
    { createEngine: engines.createEngine, now: () => 0, reportError: (error) => reported.push(error) },
    CHOICE,
  );
  root = document.createElement('app-root');
  root.store = store;
  document.body.append(root);
  await root.updateComplete;
});

afterEach(() => {
  root.remove();
  delete document.documentElement.dataset['theme'];
  expect(reported).toEqual([]);
});

/** Waits until `check` holds: the page renders in its own time. */
const until = (check: () => boolean): Promise<void> => expect.poll(check).toBe(true);
const phaseIs = (phase: string): Promise<void> => until(() => pagePhase(store.state) === phase);
const load = (): ScriptedLoad => defined(engines.loads.at(-1), 'load');
const answer = (): ScriptedAnswer => defined(engines.answers.at(-1), 'answer');
const status = (): string => page.getByTestId('status').element().textContent;

async function startLoading(): Promise<void> {
  const count = engines.loads.length;
  void store.load(CHOICE);
  await until(() => engines.loads.length > count);
}

async function becomeReady(): Promise<void> {
  await startLoading();
  load().finish();
  await phaseIs('ready');
}

async function ask(text: string): Promise<void> {
  const count = engines.answers.length;
  await userEvent.fill(page.getByTestId('prompt'), text);
  await userEvent.keyboard('{Enter}');
  await until(() => engines.answers.length > count);
}

async function converse(): Promise<void> {
  await becomeReady();
  await ask('How does rain form?');
  answer().write(ANSWER);
  answer().finish();
  await phaseIs('ready');
}

const failLoad = (code: (typeof ERROR_CODES)[number]) => async (): Promise<void> => {
  await startLoading();
  load().fail(new ForgelightError(code, 'at offset 17'));
  await phaseIs('error');
};

const STATES: Readonly<Record<string, () => Promise<void>>> = {
  idle: async () => undefined,
  loading: async () => {
    await startLoading();
    load().options.onProgress?.(DOWNLOAD);
  },
  'loading, size unknown': startLoading,
  stopped: async () => {
    await startLoading();
    store.stopLoading();
  },
  'ready and empty': becomeReady,
  'ready with messages': converse,
  'reading the prompt': async () => {
    await becomeReady();
    await ask('Hello');
  },
  generating: async () => {
    await becomeReady();
    await ask('Hello');
    answer().write(ANSWER);
    await expect.element(page.getByTestId('answer')).toHaveTextContent('Rain');
  },
  'answer failed': async () => {
    await becomeReady();
    await ask('Hello');
    answer().fail(new ForgelightError('context-overflow', 'too long'));
    await expect.element(page.getByTestId('error')).toBeVisible();
  },
  'device lost': async () => {
    await becomeReady();
    await ask('Hello');
    answer().fail(new ForgelightError('device-lost', 'reason: unknown'));
    await phaseIs('error');
  },
  'model dialog': async () => {
    await becomeReady();
    await userEvent.click(page.getByTestId('model-button'));
  },
  'bad address': async () => {
    await userEvent.fill(page.getByTestId('model-url'), 'ftp://x');
    await userEvent.click(page.getByTestId('load-url'));
  },
  ...Object.fromEntries(ERROR_CODES.map((code) => [`error ${code}`, failLoad(code)])),
};

describe.each(['light', 'dark'])('axe finds nothing (%s)', (theme) => {
  it.each(Object.keys(STATES))('%s', async (name) => {
    document.documentElement.dataset['theme'] = theme;
    await defined(STATES[name], name)();
    await root.updateComplete;
    await Promise.all(
      document
        .getAnimations()
        .map((animation) => animation.effect?.getComputedTiming().iterations === Infinity || animation.finished),
    );
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
  });
});

it('axe’s check itself sees into the components', async () => {
  const image = document.createElement('img');
  root.shadowRoot?.querySelector('main')?.append(image);
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  expect(violations.map(({ id }) => id)).toContain('image-alt');
});

describe('errors', () => {
  it.each(ERROR_CODES)('%s has words, its detail, and a way on', async (code) => {
    await failLoad(code)();
    const card = page.getByTestId('model-card');
    await expect.element(card).toHaveTextContent(ERROR_TEXT[code].title);
    await expect.element(card).toHaveTextContent(ERROR_TEXT[code].advice);
    await expect.element(card).toHaveTextContent('at offset 17');
    await userEvent.click(page.getByTestId('load-again'));
    await until(() => engines.loads.length === 2);
  });
});

describe('loading', () => {
  it('shows phase, bytes and time left, and stops', async () => {
    await STATES['loading']?.();
    await expect.element(page.getByTestId('load-phase')).toHaveTextContent(TEXT.progress.download);
    await expect.element(page.getByTestId('load-details')).toHaveTextContent('about 5 s left');
    await expect.element(page.getByTestId('load-progress')).toHaveAttribute('value', '40');
    await userEvent.click(page.getByTestId('stop-loading'));
    expect(load().options.signal?.aborted).toBe(true);
    await expect.element(page.getByTestId('load-model')).toBeVisible();
  });

  it('says its phases and its end in the status node, then focuses the composer', async () => {
    await STATES['loading']?.();
    await until(() => status() === `${TEXT.progress.download}.`);
    load().finish();
    await until(() => status() === TEXT.status.ready('Scripted 1B'));
    await until(() => document.activeElement === root && deepFocus()?.id === 'text');
  });

  it('takes an address, and refuses what is none with a reason', async () => {
    await STATES['bad address']?.();
    await expect.element(page.getByTestId('model-url')).toHaveAttribute('aria-invalid', 'true');
    expect(engines.loads).toHaveLength(0);
    await userEvent.fill(page.getByTestId('model-url'), 'hf:owner/repo/x.gguf{Enter}'.replace('{Enter}', ''));
    await userEvent.keyboard('{Enter}');
    await until(() => engines.loads.length === 1);
    expect(load().options.model).toBe('hf:owner/repo/x.gguf');
  });

  it('takes a file that is chosen or dropped', async () => {
    const file = new File(['GGUF'], 'x.gguf');
    await userEvent.upload(page.getByTestId('file-input'), file);
    await until(() => engines.loads.length === 1);
    expect(load().options.model).toBeInstanceOf(File);
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['GGUF'], 'dropped.gguf'));
    window.dispatchEvent(new DragEvent('dragover', { dataTransfer, cancelable: true }));
    await expect.element(page.getByText(TEXT.model.dropHere)).toBeVisible();
    window.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
    await until(() => engines.loads.length === 2);
    expect(load().options.model).toMatchObject({ name: 'dropped.gguf' });
    await until(() => page.getByText(TEXT.model.dropHere).elements().length === 0);
  });
});

describe('chatting', () => {
  it('sends with Enter, not with Shift+Enter nor while a word is composed', async () => {
    await becomeReady();
    const prompt = page.getByTestId('prompt');
    await userEvent.fill(prompt, 'one');
    await userEvent.keyboard('{Shift>}{Enter}{/Shift}two');
    const input = prompt.element() as HTMLTextAreaElement;
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }));
    expect(engines.answers).toHaveLength(0);
    await userEvent.keyboard('{Enter}');
    await until(() => engines.answers.length === 1);
    expect(answer().body.messages).toEqual([{ role: 'user', content: 'one\ntwo' }]);
    expect(input.value).toBe('');
  });

  it('says why it cannot send', async () => {
    await expect.element(page.getByTestId('prompt')).toBeDisabled();
    await expect.element(page.getByTestId('prompt')).toHaveAccessibleDescription(TEXT.composer.noModel);
    await startLoading();
    await expect.element(page.getByTestId('prompt')).toHaveAccessibleDescription(TEXT.composer.loading);
    await userEvent.fill(page.getByTestId('prompt'), 'early');
    await userEvent.keyboard('{Enter}');
    expect(store.state.messages).toEqual([]);
    load().finish();
    await expect.element(page.getByTestId('send')).toBeEnabled();
  });

  it('sends a suggested prompt', async () => {
    await becomeReady();
    await userEvent.click(page.getByTestId('suggestion').first());
    await until(() => engines.answers.length === 1);
    expect(answer().body.messages).toEqual([{ role: 'user', content: TEXT.chat.prompts[0] }]);
  });

  it('stops with Escape and with the button, which gives its focus to the composer', async () => {
    await STATES['generating']?.();
    await userEvent.keyboard('{Escape}');
    await phaseIs('ready');
    expect(answer().signal?.aborted).toBe(true);
    await expect.element(page.getByTestId('answer-details')).toHaveTextContent(TEXT.chat.stopped);
    await ask('Again');
    await userEvent.click(page.getByTestId('stop'));
    await phaseIs('ready');
    expect(deepFocus()?.id).toBe('text');
    await until(() => status() === TEXT.status.stopped);
  });

  it('shows figures and copies the answer’s source', async () => {
    await converse();
    await expect.element(page.getByTestId('answer-details')).toHaveTextContent('14.2 tokens/s');
    await expect.element(page.getByTestId('answer-details')).toHaveTextContent('31 prompt tokens');
    const copied: string[] = [];
    navigator.clipboard.writeText = async (text) => void copied.push(text);
    await userEvent.click(page.getByTestId('copy'));
    await until(() => status() === TEXT.chat.copied);
    expect(copied).toEqual([ANSWER]);
  });

  it('tells the status node of the end of an answer, not of its tokens', async () => {
    await becomeReady();
    await ask('Hello');
    const said: string[] = [];
    const observer = new MutationObserver(() => said.push(status()));
    observer.observe(page.getByTestId('status').element(), { childList: true, characterData: true, subtree: true });
    for (const word of ['a ', 'b ', 'c ', 'd ']) {
      answer().write(word);
      await expect.element(page.getByTestId('answer')).toHaveTextContent(word.trim());
    }
    answer().finish();
    await until(() => said.length > 0);
    observer.disconnect();
    expect(said).toEqual([TEXT.status.finished]);
  });

  it('begins anew', async () => {
    await converse();
    await userEvent.click(page.getByTestId('new-chat'));
    await until(() => page.getByTestId('suggestion').elements().length > 0);
    expect(store.state.messages).toEqual([]);
    expect(deepFocus()?.id).toBe('text');
  });
});

describe('scrolling', () => {
  const LINES = Array.from({ length: 60 }, (_, line) => `line ${line}`).join('\n\n');
  const scroller = (): Element =>
    defined(root.shadowRoot?.querySelector('message-list')?.shadowRoot?.querySelector('.scroller'), 'scroller');
  const fromEnd = (): number => scroller().scrollHeight - scroller().scrollTop - scroller().clientHeight;

  it('follows the answer at the end, leaves alone who has scrolled up, and leads back', async () => {
    await becomeReady();
    await ask('Hello');
    answer().write(LINES);
    await until(() => scroller().scrollHeight > 1500 && fromEnd() < 2);
    scroller().scrollTop = 200;
    await expect.element(page.getByTestId('jump')).toBeVisible();
    answer().write(`\n\n${LINES}`);
    await until(() => scroller().scrollHeight > 3000);
    expect(scroller().scrollTop).toBe(200);
    await userEvent.click(page.getByTestId('jump'));
    await until(() => fromEnd() < 2);
    answer().write(`\n\n${LINES}`);
    await until(() => scroller().scrollHeight > 4500 && fromEnd() < 2);
  });
});

describe('narrow windows', () => {
  it.each(['idle', 'loading', 'ready with messages', 'model dialog', 'error bad-gguf'])(
    '%s fits 320 pixels',
    async (name) => {
      await page.viewport(320, 568);
      await defined(STATES[name], name)();
      await root.updateComplete;
      expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(320);
      const wide = [...allElements(root)].filter(
        (element) =>
          element.checkVisibility() &&
          element.closest('pre, .block > div, .visually-hidden') === null &&
          element.getBoundingClientRect().right > 321,
      );
      expect(wide.map(({ tagName, className }) => `${tagName}.${String(className)}`)).toEqual([]);
    },
  );
});

describe('colours', () => {
  it('go from the system’s to light to dark and back, and are kept', async () => {
    localStorage.clear();
    const button = page.getByTestId('theme');
    await userEvent.click(button);
    expect(document.documentElement.dataset['theme']).toBe('light');
    await userEvent.click(button);
    expect(document.documentElement.dataset['theme']).toBe('dark');
    expect(localStorage.getItem('forgelight-theme')).toBe('dark');
    await userEvent.click(button);
    expect(document.documentElement.dataset['theme']).toBeUndefined();
    await expect.element(button).toHaveAccessibleName(TEXT.header.colours.system);
  });
});

/** The focused element, through shadow roots. */
function deepFocus(): Element | null {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  return focused;
}

/** All elements under `element`, through shadow roots. */
function* allElements(element: Element): Generator<Element> {
  for (const child of [...(element.shadowRoot?.children ?? []), ...element.children]) {
    yield child;
    yield* allElements(child);
  }
}
