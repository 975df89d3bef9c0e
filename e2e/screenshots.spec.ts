import { expect, test, type Page } from '@playwright/test';
import { useScriptedEngine } from './scripted';

// What people see, at three sizes and in two themes: pictures to be looked at. What can be compared is: a theme changes colours only.

const SIZES = [
  { name: 'phone', width: 390, height: 844 },
  { name: 'tablet', width: 820, height: 1180 },
  { name: 'desktop', width: 1440, height: 900 },
] as const;
const THEMES = ['light', 'dark'] as const;

const ANSWER =
  'write: Three things matter:\n\n1. **Memory**: weights and KV cache.\n2. `bandwidth`, which is what decoding waits for.\n\n```js\nconst tokens = await engine.tokenize("Hello");\n```\n\n| kind | tokens/s |\n|---|---|\n| prefill | 120 |\n| decode | 14 |\n';

/** Where everything is that has a name in tests. */
function places(): readonly string[] {
  const inside = (root: Document | ShadowRoot): readonly Element[] =>
    [...root.querySelectorAll('*')].flatMap((element) => [
      element,
      ...(element.shadowRoot ? inside(element.shadowRoot) : []),
    ]);
  return inside(document)
    .filter((element) => element.matches('[data-testid]') && element.checkVisibility())
    .map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return `${element.getAttribute('data-testid')} ${[x, y, width, height].map(Math.round).join(' ')}`;
    });
}

async function shootAll(page: Page, state: string, pathOf: (name: string) => string): Promise<void> {
  for (const { name, width, height } of SIZES) {
    await page.setViewportSize({ width, height });
    const seen: (readonly string[])[] = [];
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: pathOf(`${state}-${name}-${colorScheme}.png`) });
      seen.push(await page.evaluate(places));
    }
    expect(seen[0]?.length).toBeGreaterThan(3);
    expect(seen[1]).toEqual(seen[0]);
    // Nothing sticks out of the window at its side.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
}

test('the page at three sizes in two themes', async ({ context, page }, info) => {
  const pathOf = (name: string): string => info.outputPath(name);
  await useScriptedEngine(context);
  await page.goto('/?autoload=0');
  await expect(page.getByTestId('load-model')).toBeVisible();
  await shootAll(page, 'welcome', pathOf);
  await page.getByTestId('load-model').click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await page.getByTestId('prompt').fill(ANSWER);
  await page.getByTestId('prompt').press('Enter');
  await expect(page.getByTestId('answer-details')).toBeVisible();
  await expect(page.getByTestId('answer').locator('table')).toBeVisible();
  await shootAll(page, 'answer', pathOf);
  await page.getByTestId('settings-button').click();
  await expect(page.getByTestId('settings-done')).toBeVisible();
  await shootAll(page, 'settings', pathOf);
});
