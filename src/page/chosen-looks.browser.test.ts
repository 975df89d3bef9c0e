import { cdp, page, userEvent } from 'vitest/browser';
import { afterEach, describe, expect, it } from 'vitest';
import { MACHINE_FACTS } from '../../test/support/machine-facts';
import { allElements, mountBeforeEach, until } from '../../test/support/mounted-page';
import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import './machine-view';
import { parseShareLink } from './share-link';

// What people choose in their system: colours of their own, in which backgrounds are gone, and pages where nothing moves.

const mounted = mountBeforeEach();

/** What this file needs of the DevTools protocol. */
interface Devtools {
  send(
    method: 'Emulation.setEmulatedMedia',
    options: { readonly features: readonly { readonly name: string; readonly value: string }[] },
  ): Promise<unknown>;
  send(
    method: 'Emulation.setDeviceMetricsOverride',
    options: {
      readonly width: number;
      readonly height: number;
      readonly deviceScaleFactor: number;
      readonly mobile: boolean;
    },
  ): Promise<unknown>;
  send(method: 'Emulation.clearDeviceMetricsOverride'): Promise<unknown>;
}

const choose = (...names: readonly ('forced-colors' | 'prefers-reduced-motion')[]): Promise<unknown> =>
  (cdp() as Devtools).send('Emulation.setEmulatedMedia', {
    features: names.map((name) => ({ name, value: name === 'forced-colors' ? 'active' : 'reduce' })),
  });

afterEach(() => choose());

/** Colours that stand along the middle of a picture of the element, from its left to its right. */
async function coloursAcross(testId: string): Promise<readonly number[]> {
  const base64 = await page.getByTestId(testId).first().screenshot({ save: false });
  const image = new Image();
  image.src = `data:image/png;base64,${base64}`;
  await image.decode();
  const { width, height } = image;
  const context = defined(new OffscreenCanvas(width, height).getContext('2d'), 'a canvas');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, height >> 1, width, 1);
  // Its ends may be its frame.
  return [...new Uint32Array(data.buffer)].slice(4, -4);
}

/** Whether something of its own is drawn there, which backgrounds in the page’s colours are not. */
function isDrawn(element: Element, pseudo?: string): boolean {
  const ground = document.createElement('p');
  ground.style.background = 'Canvas';
  document.body.append(ground);
  const [drawn, canvas] = [getComputedStyle(element, pseudo), getComputedStyle(ground).backgroundColor];
  const { backgroundColor, outlineStyle, borderTopStyle, borderBottomStyle } = drawn;
  ground.remove();
  const lines = [outlineStyle, borderTopStyle, borderBottomStyle];
  // What is transparent stays so, in whatever colour.
  const isFilled = backgroundColor !== canvas && !/^rgba.* 0\)$/.test(backgroundColor);
  return isFilled || lines.some((style) => style !== 'none');
}

const all = (selector: string): readonly Element[] =>
  [...allElements(mounted().root)].filter((element) => element.matches(selector) && element.checkVisibility());

describe('in colours of their own people see', () => {
  it.each(['light', 'dark'])('how far a download is (%s)', async (theme) => {
    document.documentElement.dataset['theme'] = theme;
    await choose('forced-colors', 'prefers-reduced-motion');
    await mounted().startLoading();
    await until(() => page.getByTestId('load-progress').elements().length > 0);
    expect(new Set(await coloursAcross('load-progress')).size).toBeGreaterThan(1);
    await mounted().showDownload();
    await expect.element(page.getByTestId('load-percent')).toHaveTextContent('40 %');
    const colours = await coloursAcross('load-progress');
    expect(colours[0]).not.toBe(colours.at(-1));
    expect(new Set(colours.slice(0, colours.length >> 2)).size).toBe(1);
  });

  it('what is written, which conversation is shown, and what is asked', async () => {
    await choose('forced-colors');
    await mounted().becomeReady();
    await mounted().ask('Hello');
    await until(() => all('.reading').length === 1);
    expect(all('.reading').map((dot) => isDrawn(dot, '::before'))).toEqual([true]);
    expect(all('.writing').map((dot) => isDrawn(dot))).toEqual([true]);
    expect(all('.row.shown, .question').map((one) => isDrawn(one))).toEqual([true, true]);
    mounted().answer.write('It falls.');
    await until(() => all('.running .block p').length === 1);
    expect(all('.running .block p').map((caret) => isDrawn(caret, '::after'))).toEqual([true]);
    mounted().answer.fail(new ForgelightError('context-overflow', 'at token 17'));
    await until(() => all('.box').length === 1);
    expect(all('.box').map((one) => isDrawn(one))).toEqual([true]);
    await userEvent.hover(page.getByTestId('chat'));
    await userEvent.click(page.getByTestId('chat-delete'));
    await until(() => page.getByTestId('chat-question').elements().length > 0);
    expect(isDrawn(page.getByTestId('chat-question').element())).toBe(true);
  });

  it('what a link asks for, and what can be answered', async () => {
    await choose('forced-colors');
    mounted().root.asked = parseShareLink(`#${new URLSearchParams({ m: 'hf:a/b/c.gguf', sys: 'Be brief.' })}`);
    await until(() => all('[data-testid=shared] button').length === 3);
    await expect.element(page.getByTestId('shared-use')).toBeEnabled();
    const drawn = all('[data-testid=shared], [data-testid=shared-system], [data-testid=shared] button');
    expect(drawn.map((one) => isDrawn(one))).toEqual(drawn.map(() => true));
    expect(drawn).toHaveLength(5);
  });

  it('what this machine can do, row by row, with what can be done', async () => {
    await choose('forced-colors');
    const view = document.createElement('machine-view');
    view.ports = {
      look: async () => MACHINE_FACTS,
      measure: async () => ({ bytesPerSecond: 1 }),
      copy: async () => await Promise.reject(new DOMException('', 'NotAllowedError')),
    };
    mounted().root.renderRoot.append(view);
    await userEvent.click(page.getByTestId('copy-report'));
    await until(() => all('textarea[readonly]').length === 1);
    const rows = all('dl > div');
    expect(rows.length).toBeGreaterThan(8);
    const drawn = [...rows, ...all('textarea[readonly], [data-testid=copy-report], [data-testid=measure]')];
    expect(drawn.filter((one) => !isDrawn(one)).map((one) => one.textContent)).toEqual([]);
    expect(drawn).toHaveLength(rows.length + 3);
  });

  it('which button does nothing, as well as the browser shows it', async () => {
    await choose('forced-colors');
    await mounted().becomeReady();
    const [disabled] = all('button:disabled');
    const opacity = Number(getComputedStyle(defined(disabled, 'a button')).opacity);
    expect(opacity).toBeGreaterThan(0.95);
    // Without a change of this the frame keeps the colour of what does nothing when the button does something again.
    expect(opacity).toBeLessThan(1);
  });
});

describe('which button is the first to press', () => {
  const inkOf = (testId: string): string => {
    const { backgroundColor, color } = getComputedStyle(page.getByTestId(testId).element());
    return `${color} on ${backgroundColor}`;
  };

  it('is seen in colours of their own too, and that it does nothing yet', async () => {
    await choose('forced-colors');
    expect(inkOf('load-model')).not.toBe(inkOf('open-file'));
    await mounted().becomeReady();
    const disabled = inkOf('send');
    await userEvent.fill(page.getByTestId('prompt'), 'Hi');
    await expect.element(page.getByTestId('send')).toBeEnabled();
    expect(inkOf('send')).not.toBe(disabled);
  });
});

describe('who points with a finger', () => {
  const devtools = cdp() as Devtools;
  const hold = (mobile: boolean): Promise<unknown> =>
    mobile
      ? devtools.send('Emulation.setDeviceMetricsOverride', { width: 0, height: 0, deviceScaleFactor: 0, mobile })
      : devtools.send('Emulation.clearDeviceMetricsOverride');

  afterEach(() => hold(false));

  it('reads the names of conversations beside their buttons, on two lines', async () => {
    await hold(true);
    await until(() => matchMedia('(hover: none)').matches);
    await mounted().fillConversations();
    await mounted().showConversations();
    const [title] = all('.title').filter((one) => one.textContent.includes('the wind'));
    const { height } = defined(title, 'a title').getBoundingClientRect();
    expect(height).toBeGreaterThan(32);
    expect(height).toBeLessThan(60);
  });
});

describe('who wants no motion', () => {
  /** Longer than anybody sees. */
  const MOST_S = 0.01;
  const seconds = (list: string): number => Math.max(...list.split(',').map((one) => Number.parseFloat(one)));
  const moves = ({ animationName, animationDuration, transitionDuration }: CSSStyleDeclaration): boolean =>
    seconds(transitionDuration) > MOST_S || (animationName !== 'none' && seconds(animationDuration) > MOST_S);
  const moving = (): readonly string[] => [
    ...all('*').flatMap((element) =>
      [undefined, '::before', '::after']
        .filter((pseudo) => moves(getComputedStyle(element, pseudo)))
        .map((pseudo) => `${element.localName}.${element.className}${pseudo ?? ''}`),
    ),
    ...document.getAnimations().map((animation) => `${animation.constructor.name} of ${animation.id}`),
  ];
  const STATES_THAT_MOVE: Readonly<Record<string, () => Promise<void>>> = {
    'a load of unknown size': () => mounted().startLoading(),
    'an answer that is read for': async () => {
      await mounted().becomeReady();
      await mounted().ask('Hello');
    },
    'an answer that is written': () => mounted().beginAnswer(),
  };

  it.each(Object.entries(STATES_THAT_MOVE))('has none: %s', async (_, enter) => {
    await enter();
    await until(() => moving().length > 0);
    await choose('prefers-reduced-motion');
    await until(() => moving().length === 0);
  });

  it('has none in what is the browser’s own and no rule for all elements reaches', async () => {
    await mounted().showDownload();
    await until(() => page.getByTestId('load-progress').elements().length > 0);
    const sheets = all('*').flatMap((element) => element.shadowRoot?.adoptedStyleSheets ?? []);
    const rules = [...new Set(sheets)].flatMap((sheet) => [...sheet.cssRules]);
    const still = rules.filter(
      (rule) => rule instanceof CSSMediaRule && rule.conditionText.includes('prefers-reduced-motion'),
    );
    const own = rules.filter(
      (rule): rule is CSSStyleRule =>
        rule instanceof CSSStyleRule && rule.selectorText.includes('::-webkit') && moves(rule.style),
    );
    expect(own.map(({ selectorText }) => selectorText)).toEqual(['progress::-webkit-progress-value']);
    const isStill = ({ selectorText }: CSSStyleRule): boolean =>
      still.some(({ cssText }) => cssText.includes(`${selectorText} { transition: none; }`));
    expect(own.map(isStill)).toEqual([true]);
  });
});
