import { page, userEvent } from 'vitest/browser';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { allElements, deepFocus, mountBeforeEach, until } from '../../test/support/mounted-page';
import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { presentCircumstances } from './advice';
import { MACHINE_PORTS } from './machine-tools';
import { TEXT } from './messages';
import { parseShareLink } from './share-link';

// With keys alone, as a person without a pointer: each dialog takes the focus when it opens, keeps it, shows where it is, goes at Escape,
// and gives the focus back to what opened it.

const mounted = mountBeforeEach();

const focusable = (testId: string): HTMLElement => page.getByTestId(testId).first().element() as HTMLElement;
const focusIsOn = (testId: string): Promise<void> => until(() => deepFocus()?.getAttribute('data-testid') === testId);
const openDialogs = (): readonly HTMLDialogElement[] =>
  [...allElements(mounted().root)].filter(
    (element): element is HTMLDialogElement => element instanceof HTMLDialogElement && element.open,
  );
const isUnder = (ancestor: Element, element: Element | null): boolean => {
  for (let node: Node | null = element; node !== null;) {
    if (node === ancestor) return true;
    const up: Node | null = node instanceof Element && node.assignedSlot !== null ? node.assignedSlot : node.parentNode;
    node = up instanceof ShadowRoot ? up.host : up;
  }
  return false;
};

/** Opens with Enter on `opener`; the dialog that is over all others then, which has the focus. */
async function openBy(opener: string): Promise<HTMLDialogElement> {
  const count = openDialogs().length;
  focusable(opener).focus();
  await userEvent.keyboard('{Enter}');
  await until(() => openDialogs().length > count && openDialogs().some((dialog) => isUnder(dialog, deepFocus())));
  return defined(openDialogs().at(-1), 'a dialog');
}

const isMarked = (element: Element): boolean => {
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
};

/** Where Tab leads, once around: each stop is inside of `dialog` and shows that it has the focus. */
async function walk(dialog: HTMLDialogElement): Promise<readonly Element[]> {
  const stops: Element[] = [];
  for (;;) {
    await userEvent.keyboard('{Tab}');
    const stop = defined(deepFocus(), 'what has the focus');
    if (stops.includes(stop)) break;
    // Between the last and the first the focus is the browser’s own.
    if (stop === document.body) continue;
    expect(isUnder(dialog, stop), stop.outerHTML).toBe(true);
    expect(isMarked(stop) || isMarked(stop.closest('label') ?? stop), stop.outerHTML).toBe(true);
    stops.push(stop);
  }
  return stops;
}

/** In order of the page, from the topmost. */
const risesNowhere = (stops: readonly Element[]): boolean => {
  const boxes = stops.map((stop) => stop.getBoundingClientRect());
  const rises = boxes.filter((box, n) => n > 0 && box.bottom <= (boxes[n - 1]?.top ?? 0));
  // Once around there is one way up, from wherever it began.
  return rises.length <= 1;
};

/** Escape closes `dialog` alone, and the focus is back on `opener`. */
async function leave(dialog: HTMLDialogElement, opener: string): Promise<void> {
  await userEvent.keyboard('{Escape}');
  await until(() => !dialog.open);
  await focusIsOn(opener);
}

/** All that a person without a pointer meets in `dialog`. */
async function check(dialog: HTMLDialogElement, stops: number): Promise<void> {
  const found = await walk(dialog);
  expect(found.length).toBeGreaterThanOrEqual(stops);
  expect(risesNowhere(found)).toBe(true);
}

beforeEach(() => {
  vi.spyOn(MACHINE_PORTS, 'look').mockImplementation(async () => ({
    graphics: { ok: false, failure: { code: 'no-adapter', detail: 'none' } },
    browser: { ...presentCircumstances(), userAgent: 'Agent/1' },
    storage: null,
    bandwidth: null,
  }));
});
afterEach(() => void vi.restoreAllMocks());

describe('a dialog takes the focus, keeps it, and gives it back', () => {
  it.each([
    ['settings', 'settings-button', 6],
    ['the sheet of keys', 'shortcuts-button', 1],
    ['the model', 'model-button', 6],
  ] as const)('%s', async (_, opener, stops) => {
    await mounted().becomeReady();
    const dialog = await openBy(opener);
    await check(dialog, stops);
    await leave(dialog, opener);
  });

  it('what this machine can do, also over the model', async () => {
    const alone = await openBy('machine');
    await until(() => page.getByTestId('copy-report').elements().length > 0);
    await check(alone, 2);
    await leave(alone, 'machine');
    await mounted().becomeReady();
    const below = await openBy('model-button');
    const above = await openBy('machine');
    await leave(above, 'machine');
    expect(below.open).toBe(true);
    await leave(below, 'model-button');
  });

  it('the drawer of conversations', async () => {
    await page.viewport(390, 700);
    await mounted().converse();
    const dialog = await openBy('chats-button');
    await check(dialog, 6);
    await leave(dialog, 'chats-button');
    await openBy('chats-button');
    focusable('chat-open').focus();
    await userEvent.keyboard('{Enter}');
    await focusIsOn('chats-button');
  });

  it('what a link asks for, whatever its answer', async () => {
    await mounted().becomeReady();
    const ask = async (model: string): Promise<HTMLDialogElement> => {
      focusable('settings-button').focus();
      mounted().root.asked = parseShareLink(`#m=${model}&sys=Rhyme.`);
      await focusIsOn('shared-decline');
      return defined(openDialogs()[0], 'the card');
    };
    const card = await ask('https://a.example/x.gguf');
    await expect.element(page.getByTestId('shared-use')).toBeEnabled();
    await check(card, 4);
    await leave(card, 'settings-button');
    await ask('https://a.example/x.gguf');
    await userEvent.keyboard('{Enter}');
    await focusIsOn('settings-button');
    // One that is refused is another dialog.
    await ask('https://a.example/x.gguf');
    mounted().root.asked = parseShareLink('#m=http://a.example/x.gguf');
    await until(() => page.getByTestId('shared-problem').elements().length > 0);
    await focusIsOn('shared-decline');
    await userEvent.keyboard('{Escape}');
    await focusIsOn('settings-button');
  });
});

describe('a question in the model’s dialog has the focus on what harms nothing; Escape answers with that, and closes no more', () => {
  it('whether to delete a model', async () => {
    await mounted().becomeReady();
    const dialog = await openBy('model-button');
    await mounted().unfold('kept');
    const remove = page.getByRole('button', { name: TEXT.kept.of(TEXT.kept.delete, 'small.gguf') }).element();
    (remove as HTMLElement).focus();
    await userEvent.keyboard('{Enter}');
    await focusIsOn('kept-no');
    await userEvent.keyboard('{Escape}');
    await until(() => deepFocus()?.getAttribute('aria-label') === remove.getAttribute('aria-label'));
    expect(dialog.open).toBe(true);
  });

  it('whether to load what does not fit, or could not be asked', async () => {
    await mounted().becomeReady();
    const dialog = await openBy('model-button');
    let checked: () => void = () => undefined;
    mounted().header = new Promise((resolve) => (checked = resolve));
    mounted().tooBig();
    await mounted().unfold('catalogue');
    const load = focusable('catalogue-load');
    load.focus();
    await userEvent.keyboard('{Enter}');
    await focusIsOn('fit-cancel');
    await userEvent.keyboard('{Escape}');
    await focusIsOn('catalogue-load');
    await userEvent.keyboard('{Enter}');
    checked();
    await until(() => page.getByTestId('fit-question').elements().length > 0);
    await focusIsOn('fit-cancel');
    await userEvent.keyboard('{Escape}');
    await focusIsOn('catalogue-load');
    let fail: (error: ForgelightError) => void = () => undefined;
    mounted().header = new Promise((_, reject) => (fail = reject));
    await userEvent.keyboard('{Enter}');
    await focusIsOn('fit-cancel');
    fail(new ForgelightError('network', 'gone'));
    await until(() => page.getByTestId('error').elements().length > 0);
    await focusIsOn('fit-cancel');
    await userEvent.keyboard('{Escape}');
    await focusIsOn('catalogue-load');
    expect(dialog.open).toBe(true);
  });
});
