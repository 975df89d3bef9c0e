import axe from 'axe-core';
import { page } from 'vitest/browser';
import { describe, expect, it } from 'vitest';
import { allElements, mountBeforeEach } from '../../test/support/mounted-page';
import { STATES } from '../../test/support/page-states';
import { defined } from '../base/assert';

const mounted = mountBeforeEach();

const enter = async (name: string): Promise<void> => {
  await defined(STATES[name], name)(mounted());
  await mounted().root.updateComplete;
};

/** Colours are measured when they have arrived; what moves for ever is left moving. */
const endOfTransitions = async (): Promise<void> => {
  const transitions = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
  await Promise.all(transitions.map(({ finished }) => finished));
};

const violations = async (): Promise<readonly string[]> => {
  const results = await axe.run(document, { resultTypes: ['violations'] });
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
};

/** Errors differ by their words only: half of them are looked at in each theme. */
const statesIn = (theme: string): readonly string[] =>
  Object.keys(STATES).filter((name, i) => !name.startsWith('error ') || (i % 2 === 0) === (theme === 'dark'));

describe.each(['light', 'dark'])('axe finds nothing (%s)', (theme) => {
  it.each(statesIn(theme))('%s', async (name) => {
    document.documentElement.dataset['theme'] = theme;
    await enter(name);
    await endOfTransitions();
    expect(await violations()).toEqual([]);
  });
});

it('axe’s check itself sees into the components', async () => {
  mounted().root.shadowRoot?.querySelector('main')?.append(document.createElement('img'));
  expect(await violations()).toContainEqual(expect.stringMatching(/^image-alt/));
});

describe('narrow windows', () => {
  /** Scrolls sideways by itself, or is for screen readers only. */
  const exempt = 'pre, .block > div, .visually-hidden';

  /** What says what a field is for is read to its end. */
  const isCut = (input: HTMLInputElement): boolean => {
    const context = defined(new OffscreenCanvas(1, 1).getContext('2d'), 'a canvas');
    const { font, paddingLeft, paddingRight } = getComputedStyle(input);
    context.font = font;
    const room = input.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
    return context.measureText(input.placeholder).width > room;
  };

  it.each(Object.keys(STATES))('%s fits 320 pixels', async (name) => {
    await page.viewport(320, 568);
    await enter(name);
    const wide = [...allElements(mounted().root)].filter(
      (element) =>
        element.checkVisibility() && element.closest(exempt) === null && element.getBoundingClientRect().right > 320.5,
    );
    expect(wide.map(({ tagName, className }) => `${tagName}.${String(className)}`)).toEqual([]);
    const inputs = [...allElements(mounted().root)].filter((element) => element instanceof HTMLInputElement);
    const cut = inputs.filter((input) => input.checkVisibility() && isCut(input));
    expect(cut.map(({ placeholder }) => placeholder)).toEqual([]);
    // WCAG 2.5.8; links within a sentence are exempt. A label is part of what it names.
    const smallerSideOf = (element: Element): number => {
      const { width, height } = (element.closest('label') ?? element).getBoundingClientRect();
      return Math.min(width, height);
    };
    const small = [...allElements(mounted().root)].filter(
      (element) =>
        element.matches('button, input, select, textarea, summary, [role=button]') &&
        element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
        !element.matches('.visually-hidden, .visually-hidden *') &&
        smallerSideOf(element) < 24,
    );
    expect(small.map((element) => element.outerHTML)).toEqual([]);
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(320);
  });
});
