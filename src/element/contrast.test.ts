import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { proseStyles } from './prose-styles';
import { themeStyles } from './chat-styles';

// Of WCAG 2.2: relative luminance, and the contrast of two colours. axe looks at what states of the page happen to show; this, at every colour.

const THEMES = ['light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
type Colours = ReadonlyMap<string, Readonly<Record<Theme, string>>>;

/** The colours that `styles` declare, by their names. */
function coloursOf(styles: string): Colours {
  const found = styles.matchAll(/--([\w-]+):[^;]*?light-dark\((#\w{6}), (#\w{6})\)/g);
  return new Map([...found].map(([, name = '', light = '', dark = '']) => [name, { light, dark }]));
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const page = coloursOf(await readFile(new URL('../page/page.css', import.meta.url), 'utf8'));
const element = coloursOf(themeStyles.cssText);
const code = coloursOf(proseStyles.cssText);

/** Pairs of `texts` on `grounds` that are less than `least` apart. */
function tooClose(colours: Colours, texts: readonly string[], grounds: readonly string[], least: number): unknown[] {
  const of = (name: string, theme: Theme): string => colours.get(name)?.[theme] ?? `no colour ${name}`;
  return THEMES.flatMap((theme) =>
    texts.flatMap((text) =>
      grounds.flatMap((ground) => {
        const ratio = contrast(of(text, theme), of(ground, theme));
        return ratio >= least ? [] : [{ theme, text, ground, ratio }];
      }),
    ),
  );
}

it('the measure is that of WCAG', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
});

it('every colour of code can be read on its ground, in both themes', async () => {
  const classes = new Map(
    [...proseStyles.cssText.matchAll(/((?:\.code-\w+[,\s]*)+)\{\s*color: var\(--([\w-]+)\)/g)].flatMap(
      ([, selectors = '', colour = '']) =>
        [...selectors.matchAll(/code-\w+/g)].map(([name]) => [name, colour] as const),
    ),
  );
  const highlighter = await readFile(new URL('highlighter.ts', import.meta.url), 'utf8');
  const used = new Set([...highlighter.matchAll(/'(code-\w+)'/g)].map(([, name]) => name));
  expect(used.size).toBeGreaterThan(6);
  expect([...used].filter((name) => name === undefined || !classes.has(name))).toEqual([]);
  for (const theme of [page, element]) {
    expect(tooClose(new Map([...theme, ...code]), ['ink', ...classes.values()], ['sunken'], 4.5)).toEqual([]);
  }
});

it.each([
  ['page', page],
  ['element', element],
])('every colour of text can be read on every ground of the %s, and its lines are seen', (_, colours) => {
  const grounds = ['paper', 'surface', 'sunken', 'accent-wash', 'danger-wash'];
  expect(tooClose(colours, ['ink', 'ink-soft', 'accent', 'danger'], grounds, 4.5)).toEqual([]);
  expect(tooClose(colours, ['on-accent'], ['accent', 'accent-hover'], 4.5)).toEqual([]);
  expect(tooClose(colours, ['line-strong'], ['paper', 'surface', 'sunken'], 3)).toEqual([]);
});
