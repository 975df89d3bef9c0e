import { expect, test } from '@playwright/test';
import { useScriptedEngine } from './scripted';

// What people see, at three sizes and in two themes: artifacts to be looked at.

const SIZES = [
  { name: 'phone', width: 390, height: 844 },
  { name: 'tablet', width: 820, height: 1180 },
  { name: 'desktop', width: 1440, height: 900 },
] as const;

const ANSWER =
  'write: Three things matter:\n\n1. **Memory**: weights and KV cache.\n2. `bandwidth`, which is what decoding waits for.\n\n```js\nconst tokens = await engine.tokenize("Hello");\n```\n\n| kind | tokens/s |\n|---|---|\n| prefill | 120 |\n| decode | 14 |\n';

for (const size of SIZES) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`${size.name}, ${colorScheme}`, async ({ browser, baseURL }, info) => {
      const { width, height } = size;
      const context = await browser.newContext({ baseURL: baseURL ?? '', colorScheme, viewport: { width, height } });
      await useScriptedEngine(context);
      const page = await context.newPage();
      const shoot = async (name: string): Promise<void> => {
        await page.screenshot({ path: info.outputPath(`${name}-${size.name}-${colorScheme}.png`) });
      };
      await page.goto('/?autoload=0');
      await expect(page.getByTestId('load-model')).toBeVisible();
      await shoot('welcome');
      await page.getByTestId('load-model').click();
      await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
      await page.getByTestId('prompt').fill(ANSWER);
      await page.getByTestId('prompt').press('Enter');
      await expect(page.getByTestId('answer-details')).toBeVisible();
      await expect(page.getByTestId('answer').locator('table')).toBeVisible();
      await shoot('answer');
      // Nothing sticks out of the window at its side.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      await context.close();
    });
  }
}
