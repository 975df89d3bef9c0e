import { cdp } from 'vitest/browser';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../test/support/browser-waits';
import { defined } from '../base/assert';
import type { Answer, Message } from './chat-types';
import { loadMarkdown } from './lazy-markdown';
import { MarkdownStream } from './markdown-stream';
import type { MessageList } from './message-list';
import { MessageView } from './message-view';
import { nextFrame } from './next-frame';
import { defineParts } from './parts';

// A task of more than 50 ms is one that people feel. Machines that run tests are busy, so that time on the clock says little: what an update does
// is counted, and what it costs is the time that the page's main thread has run, as the browser counts it.

const TOKENS = 10_000;
/** Tokens of a frame: more than any model writes, and fewer than one update shows at most. */
const BATCH = 500;
const LIMIT_MS = 50;
/** Messages that come in one frame. */
const SLICE = 6;
/** Characters of nodes that one update makes: those of a window of four, seen twice where elements lie in elements, and of what is new. */
const MOST_ADDED = 40_000;

/** What models write, as the n-th token. A long block without an end is the hard case: all of it is open. */
const SHAPES: Readonly<Record<string, (n: number) => string>> = {
  'all kinds': (n) => MIXED[n % MIXED.length] ?? '',
  'one paragraph': (n) => ['word ', '**bold** ', '`code` ', 'or '][n % 4] ?? '',
  'one code block': (n) => (n === 0 ? '```js\n' : n % 10 === 9 ? ';\n' : 'word '),
  'one list': (n) => (n % 20 === 0 ? '\n- ' : (['item ', '**bold** ', 'more ', 'and '][n % 4] ?? '')),
  'one table': (n) => (n === 0 ? '|a|b|c|\n|-|-|-|\n|' : n % 12 === 11 ? '|\n|' : n % 4 === 3 ? '| ' : 'cell '),
  'one quotation': (n) => (n % 15 === 0 ? '\n> ' : (['said ', '**bold** ', 'more ', 'and '][n % 4] ?? '')),
};
const MIXED = (
  '# A| head|\n\n|Some| **words**| and| `code`| of| a| paragraph| that| goes| on| and| ends|.\n\n|1.| item| one|\n|2.| item| two|\n\n|' +
  '```|js\n|const| x| = |1;\n|let| y| = x|;\n|```\n\n||a ||b |\n|-|-|\n|1 |2 |\n\n|> a| quotation|\n\n|---\n\n|tail| $x^2$| end|\n\n'
).split('|');

/** What this file needs of the DevTools protocol. */
interface Devtools {
  send(method: 'Performance.enable', options: { readonly timeDomain: 'threadTicks' }): Promise<unknown>;
  send(method: 'Performance.getMetrics'): Promise<{
    readonly metrics: readonly { readonly name: string; readonly value: number }[];
  }>;
}

const devtools = cdp() as Devtools;

/** Of script, style and layout, which are ours; painting and the test's own frames are not. */
const OURS: ReadonlySet<string> = new Set(['ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration']);

/** Time that the main thread has run for us so far: not that for which it waited for a busy processor. */
async function threadMs(): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return metrics.reduce((sum, { name, value }) => (OURS.has(name) ? sum + 1000 * value : sum), 0);
}

let list: MessageList;
let renders: number;
let added: number;

beforeAll(async () => {
  defineParts();
  await loadMarkdown();
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  // A script of its own, as long as it is: what is looked at is what tokens cost.
  await import('./formula');
  const { performUpdate } = MessageView.prototype as unknown as { performUpdate: () => void };
  Object.assign(MessageView.prototype, {
    performUpdate(this: MessageView) {
      renders += 1;
      performUpdate.call(this);
    },
  });
});

const watcher = new MutationObserver((records) => {
  for (const { addedNodes } of records) for (const node of addedNodes) added += node.textContent?.length ?? 0;
});

beforeEach(() => {
  renders = 0;
  added = 0;
  list = document.createElement('forgelight-message-list');
  document.body.append(list);
  list.style.cssText = 'display: block; height: 600px; font: 16px/1.6 sans-serif';
});

afterEach(() => {
  watcher.disconnect();
  list.remove();
});

const question: Message = { role: 'user', id: 1, text: 'Why does it rain?' };
const answerOf = (text: string): Answer => ({
  ...{ role: 'assistant', id: 2, text, status: { kind: 'writing' }, firstTokenMs: 1 },
});
const views = (): readonly MessageView[] => [...list.renderRoot.querySelectorAll('forgelight-message')];
const layOut = (): unknown => list.renderRoot.querySelector('.column')?.getBoundingClientRect();

interface Step {
  /** Of script, style and layout. */
  readonly ms: number;
  readonly renders: number;
  /** Characters in nodes that are new. */
  readonly added: number;
}

const twoFrames = async (): Promise<void> => {
  await nextFrame();
  await nextFrame();
};

/** What `work` costs, until what it leads to is on the page. */
async function measure(work: () => void, settle = twoFrames): Promise<Step> {
  renders = 0;
  added = 0;
  const before = await threadMs();
  work();
  await settle();
  layOut();
  return { ms: (await threadMs()) - before, renders, added };
}

/** One answer, token by token as a store gives it, and so many to a frame. */
async function stream(shape: (n: number) => string): Promise<readonly Step[]> {
  list.messages = [question, answerOf('')];
  await list.updateComplete;
  const view = defined(views()[1], 'the answer');
  await view.updateComplete;
  watcher.observe(view.renderRoot, { childList: true, subtree: true });
  const settle = async (): Promise<void> => {
    await list.updateComplete;
    await view.updateComplete;
  };
  const steps: Step[] = [];
  let text = '';
  for (let first = 0; first < TOKENS; first += BATCH) {
    const step = await measure(() => {
      for (let n = first; n < first + BATCH; n += 1) {
        text += shape(n);
        list.messages = [question, answerOf(text)];
      }
    }, settle);
    steps.push(step);
  }
  return steps;
}

const most = (steps: readonly Step[], of: keyof Step): number => Math.max(...steps.map((step) => step[of]));

describe('an answer of 10 000 tokens', () => {
  it.each(Object.entries(SHAPES))('of %s: no update takes long, the last as little as the first', async (_, shape) => {
    const first = await stream(shape);
    // Where one took long, the same again: what came between adds to one of them.
    const again = most(first, 'ms') < LIMIT_MS ? first : await stream(shape);
    const steps = first.map((step, n) => ({ ...step, ms: Math.min(step.ms, again[n]?.ms ?? 0) }));
    expect(steps).toHaveLength(TOKENS / BATCH);
    // Once a frame, and of what is shown already only the end is made again.
    expect(most(steps, 'renders')).toBe(1);
    expect(most(steps, 'added')).toBeLessThan(MOST_ADDED);
    expect(most(steps, 'ms')).toBeLessThan(LIMIT_MS);
  });
});

describe('a conversation of 300 messages', () => {
  const text = Array.from({ length: 200 }, (_, n) => SHAPES['all kinds']?.(n)).join('');
  const messages = Array.from({ length: 300 }, (_, id): Message => {
    if (id % 2 === 0) return { ...question, id };
    return { ...answerOf(text), id, status: { kind: 'finished', reason: 'stop', timings: null } };
  });

  it('comes in slices, its end first, and grows by one message at a time', async () => {
    const slices = [await measure(() => (list.messages = messages))];
    expect(views().at(-1)?.message).toBe(messages.at(-1));
    expect(views().length).toBeLessThan(100);
    while (views().length < 300) slices.push(await measure(() => undefined));
    expect(views().map(({ message }) => message)).toEqual(messages);
    // Of one slice: several come between two looks at the time.
    expect(Math.max(...slices.map(({ ms, renders: made }) => (ms * SLICE) / Math.max(SLICE, made)))).toBeLessThan(
      LIMIT_MS,
    );

    for (let n = 1; n <= 5; n += 1) {
      const grown = { ...answerOf(`${text} ${'more '.repeat(n)}`), id: 299 };
      const step = await measure(() => (list.messages = [...messages.slice(0, -1), grown]));
      expect(step.renders).toBe(1);
    }
  });

  it('is another one as soon as it begins with another message', async () => {
    list.messages = messages;
    await list.updateComplete;
    list.messages = messages.slice(2, 6);
    await list.updateComplete;
    expect(views().map(({ message }) => message)).toEqual(messages.slice(2, 6));
  });
});

describe('another version of a message', () => {
  const text = 'word '.repeat(2000);
  const branch = (first: number, length: number): readonly Message[] =>
    Array.from({ length }, (_, n): Message => {
      if (n % 2 === 0) return { ...question, id: first + n };
      return { ...answerOf(text), id: first + n, status: { kind: 'finished', reason: 'stop', timings: null } };
    });
  const scroller = (): Element => defined(list.renderRoot.querySelector('.scroller'), 'the scroller');
  const settled = async (count: number): Promise<void> => {
    await until(() => views().length === count && scroller().scrollHeight > count * 100);
    await nextFrame();
    await nextFrame();
  };
  const choose = (messages: readonly Message[]): void => {
    const steps = new CustomEvent('version-chosen', { bubbles: true, composed: true });
    defined(views()[0], 'a message').dispatchEvent(steps);
    list.messages = messages;
  };

  it('leaves the reader and the view where they are, though its branch is longer; what is new is shown', async () => {
    list.style.height = '300px';
    list.messages = branch(0, 4);
    await settled(4);
    scroller().scrollTop = 0;
    await until(() => list.renderRoot.querySelector('.jump') !== null);
    const first = views()[0];
    choose(branch(100, 40));
    await list.updateComplete;
    expect(views()[0]).toBe(first);
    await settled(40);
    expect(scroller().scrollTop).toBe(0);
    list.messages = [...branch(100, 40), { ...question, id: 200 }, { ...answerOf(''), id: 201 }];
    await until(() => scroller().scrollTop > 1000);
  });

  it('is not followed as it grows, also by a reader at the end', async () => {
    list.style.height = '300px';
    list.messages = branch(0, 2);
    await settled(2);
    const { scrollTop } = scroller();
    choose([...branch(0, 1), { ...answerOf(text.repeat(2)), id: 9 }]);
    await until(() => list.renderRoot.querySelector('.jump') !== null);
    // It begins short, and comes in several frames.
    const shown = (): number => views()[1]?.renderRoot.querySelector('.prose')?.textContent.length ?? 0;
    await until(() => shown() > 1.9 * text.length);
    expect(scroller().scrollTop).toBeLessThanOrEqual(scrollTop);
  });
});

it('an answer that is there at once comes in several frames, and is whole then', async () => {
  const text = Array.from({ length: TOKENS }, (_, n) => SHAPES['all kinds']?.(n)).join('');
  list.messages = [question, { ...answerOf(text), status: { kind: 'finished', reason: 'stop', timings: null } }];
  await list.updateComplete;
  const view = defined(views().at(-1), 'the answer');
  await view.updateComplete;
  const shown = (): number => view.renderRoot.querySelector('.prose')?.textContent.length ?? 0;
  expect(shown()).toBeLessThan(6000);
  const whole = new MarkdownStream()
    .update(text)
    .map((element) => element.textContent)
    .join('').length;
  await until(() => Math.abs(shown() - whole) < whole / 50);
  expect(renders).toBeGreaterThan(text.length / 5000);
});
