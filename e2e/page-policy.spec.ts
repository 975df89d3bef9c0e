import { expect, test } from '@playwright/test';
import { useScriptedEngine } from './scripted';

const ANSWER = [
  'write: # All\n\n$$\n\\frac{a}{b}\n$$\n\n```js\nconst x = 1; // one\n```\n\n| a |\n|-|\n| b |\n\n![cat](https://asked.invalid/c.png)',
  '<img src=x onerror=alert(1)>',
].join(' ');

test.beforeEach(({ context }) => useScriptedEngine(context));

test('code in colours, formulas and an image of an answer break no rule of the page', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.addInitScript(() => {
    const broken: string[] = [];
    Object.assign(window, { broken });
    document.addEventListener('securitypolicyviolation', (event) =>
      broken.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`),
    );
  });
  const broken = (): Promise<unknown> => page.evaluate(() => Reflect.get(window, 'broken'));
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await page.getByTestId('prompt').fill(ANSWER);
  await page.getByTestId('prompt').press('Enter');
  const answer = page.getByTestId('answer').last();
  await expect(answer.locator('math mfrac')).toHaveCount(1);
  await expect(answer.locator('.code-keyword')).toHaveText('const');
  await expect(answer.locator('a')).toHaveText('Image: cat');
  await expect(answer.locator('img')).toHaveCount(0);
  await expect(answer).toContainText('<img src=x onerror=alert(1)>');
  await page.getByTestId('theme').click();
  expect(await broken()).toEqual([]);
  expect(asked.filter((url) => url.includes('invalid'))).toEqual([]);

  // The rules are in force, and what breaks them is counted.
  const refused = page.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<b></b>');
  });
  await expect(refused).rejects.toThrow(/TrustedHTML/);
  await expect.poll(broken).toContainEqual(expect.stringMatching(/^require-trusted-types-for/));
});
