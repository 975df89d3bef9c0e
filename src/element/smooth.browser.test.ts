import { commands } from 'vitest/browser';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ANSWER_SHAPES } from '../../test/support/answer-shapes';
import { until } from '../../test/support/browser-waits';
import { END_MARK, stepMark, type Task } from '../../test/support/main-thread';
import { limitOn, yardstickMs } from '../../test/support/yardstick';
import { defined } from '../base/assert';
import type { Answer, Message } from './chat-types';
import { loadMarkdown } from './lazy-markdown';
import { MarkdownStream } from './markdown-stream';
import type { MessageList } from './message-list';
import { MessageView } from './message-view';
import { nextFrame } from './next-frame';
import { defineParts } from './parts';

// A task of more than 50 ms is one that people feel. The browser traces each task of the main thread, with its microtasks, layout and painting,
// and for how long the thread has run: machines that run tests are busy, so that time on the clock says little.

const TOKENS = 10_000;
/** Of a frame: more than any model writes, and fewer than one update shows at most. */
const BATCH = 400;
/** Of a task. */
const TOKENS_AT_ONCE = 20;
const LIMIT_MS = 50;
const ROUNDS = 3;
/** Characters of nodes that one update makes: those of two windows, seen twice where elements lie in elements, and of what is new. */
const MOST_ADDED = 20_000;
/** So many frames without anything new: all is there. */
const QUIET_FRAMES = 5;

declare module 'vitest/browser' {
  interface BrowserCommands {
    startTrace(): Promise<void>;
    endTrace(): Promise<readonly Task[]>;
  }
}

let list: MessageList;
let renders: number;
let added: number;
let mostAdded: number;

beforeAll(async () => {
  defineParts();
  await loadMarkdown();
  // Scripts of their own, as long as they are: what is looked at is what tokens cost.
  await Promise.all([import('./formula'), import('./highlighter')]);
  const { render } = MessageView.prototype as unknown as { render: () => unknown };
  Object.assign(MessageView.prototype, {
    render(this: MessageView) {
      renders += 1;
      return render.call(this);
    },
  });
});

/** Of one update. */
const charactersIn = (records: readonly MutationRecord[]): number =>
  records.flatMap(({ addedNodes }) => [...addedNodes]).reduce((sum, node) => sum + (node.textContent?.length ?? 0), 0);

const watcher = new MutationObserver((records) => {
  const characters = charactersIn(records);
  added += characters;
  mostAdded = Math.max(mostAdded, characters);
});

beforeEach(() => {
  renders = 0;
  added = mostAdded = 0;
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
const finished = (answer: Answer): Answer => ({
  ...answer,
  status: { kind: 'finished', reason: 'stop', timings: null },
});
/** Of what was shown before, some may be there still. */
const views = (): readonly MessageView[] => [
  ...list.renderRoot.querySelectorAll<MessageView>('ol:not([hidden]) forgelight-message'),
];
const places = (): number => list.renderRoot.querySelectorAll('li').length;

const frame = (): Promise<unknown> => new Promise(requestAnimationFrame);

/** The next message of a channel, as the next token comes. */
const channel = new MessageChannel();
const nextTask = (): Promise<unknown> =>
  new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });

/** Until nothing of the messages changes any more. */
async function quiet(): Promise<void> {
  const watched = new Set<MessageView>();
  for (let left = QUIET_FRAMES; left > 0; left -= 1) {
    for (const view of views()) {
      if (!watched.has(view)) watcher.observe(view.renderRoot, { childList: true, subtree: true });
      if (!watched.has(view)) left = QUIET_FRAMES;
      watched.add(view);
    }
    added = 0;
    await frame();
    if (added > 0) left = QUIET_FRAMES;
  }
}

/** The tasks to which `work` leads, until all of it is on the page. */
async function tasksOf(work: (step: (name: string) => void) => Promise<void> | void): Promise<readonly Task[]> {
  await commands.startTrace();
  await frame();
  await work((name) => performance.mark(stepMark(name)));
  await quiet();
  performance.mark(END_MARK);
  // What the test does next is no part of that.
  await nextTask();
  return await commands.endTrace();
}

/** Writes an answer behind `before`, some tokens to a task and so many to a frame. */
async function write(
  before: readonly Message[],
  shape: (n: number) => string,
  step: (name: string) => void,
): Promise<void> {
  let text = '';
  for (let n = 0; n < TOKENS; n += 1) {
    if (n % BATCH === 0) {
      await frame();
      step(`tokens from ${n} on`);
    }
    if (n % TOKENS_AT_ONCE === 0) await nextTask();
    text += shape(n);
    list.messages = [...before, answerOf(text)];
  }
  await frame();
  step('the end');
  list.messages = [...before, finished(answerOf(text))];
}

const longSteps = (tasks: readonly Task[]): ReadonlyMap<string, number> => {
  expect(tasks.length).toBeGreaterThan(0);
  const limitMs = limitOn(yardstickMs(), LIMIT_MS);
  return new Map(tasks.filter(({ cpuMs }) => cpuMs >= limitMs).map(({ step, cpuMs }) => [step, cpuMs]));
};

/** Where a step takes long, the same again: what a script's first run costs, or a neighbour on the same core, is not what tokens cost. */
async function expectSmooth(run: () => Promise<readonly Task[]>): Promise<void> {
  let long = longSteps(await run());
  for (let again = 1; again < ROUNDS && long.size > 0; again += 1) {
    const before = long;
    long = new Map([...longSteps(await run())].filter(([step]) => before.has(step)));
  }
  expect([...long].map(([step, cpuMs]) => `${step}: ${cpuMs.toFixed(0)} ms`)).toEqual([]);
}

it('what microtasks do is counted', async () => {
  const tasks = await tasksOf(async (step) => {
    step('long');
    await Promise.resolve();
    Float64Array.from({ length: 2_000_000 }, Math.random).sort();
  });
  expect(Math.max(...tasks.map(({ cpuMs }) => cpuMs))).toBeGreaterThan(LIMIT_MS);
});

it('the next frame is painted before what waits for it goes on', async () => {
  let laidOut = false;
  const observer = new ResizeObserver(() => (laidOut = list.clientHeight === 500));
  observer.observe(list);
  const next = nextFrame();
  requestAnimationFrame(() => (list.style.height = '500px'));
  await next;
  observer.disconnect();
  expect(laidOut).toBe(true);
});

describe('an answer of 10 000 tokens', () => {
  it.each(Object.entries(ANSWER_SHAPES))('of %s: no task takes long', async (_, shape) => {
    await expectSmooth(async () => {
      list.messages = [question, answerOf('')];
      await quiet();
      watcher.takeRecords();
      mostAdded = 0;
      return tasksOf((step) => write([question], shape, step));
    });
    // Of what is shown already only the end is made again.
    expect(mostAdded).toBeGreaterThan(0);
    expect(mostAdded).toBeLessThan(MOST_ADDED);
  });

  it('is rendered once, however many tokens come before a frame', async () => {
    list.messages = [question, answerOf('begun')];
    await quiet();
    renders = 0;
    for (let n = 0; n < BATCH; n += 1) {
      list.messages = [question, answerOf(`begun ${'word '.repeat(n)}`)];
      await list.updateComplete;
    }
    await views()[1]?.updateComplete;
    expect(renders).toBe(1);
  });
});

describe('a conversation of 300 messages', () => {
  const conversation = (first: number): readonly Message[] =>
    Array.from({ length: 300 }, (_, n): Message => {
      const id = first + n;
      if (n % 2 === 0) return { ...question, id };
      const text = Array.from({ length: 200 }, (__, token) => ANSWER_SHAPES['all kinds']?.(token)).join('');
      // Code and formulas of its own.
      return finished({ ...answerOf(text.replaceAll(/x/g, `x${id}`)), id });
    });
  const messages = conversation(1000);
  const others = conversation(2000);

  it('comes in slices, its end first; another one takes its place', async () => {
    const open = async (shown: readonly Message[], step: (name: string) => void): Promise<void> => {
      step(`opens ${shown[0]?.id}`);
      list.messages = shown;
      await list.updateComplete;
      expect(views().at(-1)?.message).toBe(shown.at(-1));
      expect(views().length).toBeLessThan(100);
      while (views().length < 300) await frame();
      expect(views().map(({ message }) => message)).toEqual(shown);
      await quiet();
    };
    await expectSmooth(() =>
      tasksOf(async (step) => {
        await open(messages, step);
        await open(others, step);
        await open(messages, step);
        step('empty');
        list.messages = [];
      }),
    );
  });

  const LENGTH = 120;
  const brief = (first: number): readonly Message[] =>
    Array.from({ length: LENGTH }, (_, n) => ({ ...question, id: first + n }));

  it('goes in slices, unseen', async () => {
    list.messages = brief(3000);
    await until(() => views().length === LENGTH);
    list.messages = others.slice(0, 2);
    await list.updateComplete;
    expect(views().map(({ message }) => message)).toEqual(others.slice(0, 2));
    const seen = [...list.renderRoot.querySelectorAll('li')].filter((item) => item.checkVisibility());
    expect(seen).toHaveLength(2);
    expect(places()).toBeGreaterThan(LENGTH / 2);
    await until(() => places() === 2);
    expect(list.renderRoot.querySelectorAll('ol')).toHaveLength(1);
  });

  it('is exchanged before all of the one before has gone', async () => {
    const [one, other] = [brief(3000), brief(4000)];
    list.messages = one;
    await until(() => views().length === LENGTH);
    for (const shown of [other, one, other]) {
      list.messages = shown;
      await frame();
      await nextTask();
    }
    await until(() => places() === LENGTH && views().length === LENGTH);
    expect(views().map(({ message }) => message)).toEqual(other);
    list.messages = [];
    await until(() => places() === 0);
  });

  it('is not rendered anew as an answer begins and ends, but where that is seen', async () => {
    const failure = { code: 'busy', detail: '' } as const;
    list.retryable = true;
    list.messages = [...brief(3000), { ...answerOf('As far'), status: { kind: 'failed', failure } }];
    const retry = (): Element | null | undefined => views().at(-1)?.renderRoot.querySelector('[data-testid=retry]');
    await until(() => views().length > LENGTH && retry() instanceof Element);
    await quiet();
    renders = 0;
    list.retryable = false;
    await until(() => retry() === null);
    expect(renders).toBe(1);
  });

  it('grows by an answer of 10 000 tokens', async () => {
    const shape = defined(ANSWER_SHAPES['all kinds'], 'a shape');
    await expectSmooth(async () => {
      list.messages = messages;
      while (views().length < 300) await frame();
      await quiet();
      return tasksOf((step) => write([...messages, question], shape, step));
    });
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
  const text = Array.from({ length: TOKENS / 4 }, (_, n) => ANSWER_SHAPES['all kinds']?.(n)).join('');
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
  // Formulas have other letters than their sources. What changes meanwhile is rendered with it.
  await until(() => {
    list.retryable = !list.retryable;
    return Math.abs(shown() - whole) < whole / 20;
  });
  expect(renders).toBeGreaterThan(text.length / 5000);
});
