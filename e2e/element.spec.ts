import { expect, test } from '@playwright/test';
import type { ForgelightChat } from '../src/element/index';
import { openBlankPage } from './library';

test('one tag and one script of another origin: a poster, a click, a streamed answer', async ({ page }, info) => {
  const fetched: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('.gguf')) fetched.push(request.method());
  });
  await openBlankPage(page);
  await page.evaluate(
    (script) => {
      const heard: string[] = [];
      Object.assign(globalThis, { heard });
      for (const name of ['progress', 'ready', 'message', 'delta', 'finish', 'error', 'state']) {
        document.addEventListener(`forgelight-${name}`, () => heard.push(name));
      }
      document.body.innerHTML = `<forgelight-chat src="/fixtures/zoo/llama.gguf" temperature="0" context-length="64"></forgelight-chat>`;
      const element = document.createElement('script');
      element.type = 'module';
      element.src = script;
      document.head.append(element);
    },
    `${String(info.config.metadata['otherOrigin'])}/lib/element/define.js`,
  );

  await expect(page.getByTestId('poster')).toContainText('llama.gguf');
  await expect(page.getByTestId('size')).toBeVisible();
  expect(new Set(fetched)).toEqual(new Set(['HEAD']));

  await page.getByTestId('load-model').click();
  await expect(page.locator('forgelight-chat:state(ready)')).toHaveCount(1, { timeout: 120_000 });
  await page.getByTestId('prompt').fill('Hello');
  await page.getByTestId('prompt').press('Enter');
  await expect(page.getByTestId('answer-details')).toBeVisible({ timeout: 120_000 });

  const { heard, chat } = await page.evaluate(() => {
    const element = document.querySelector('forgelight-chat') as ForgelightChat;
    const { messages, state, usage, value } = element;
    return { heard: (globalThis as unknown as { heard: string[] }).heard, chat: { messages, state, usage, value } };
  });
  expect(new Set(heard)).toEqual(new Set(['progress', 'ready', 'message', 'delta', 'finish', 'state']));
  expect(heard.filter((name) => name === 'delta').length).toBeGreaterThan(1);
  expect(chat.state).toBe('ready');
  expect(chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
  expect(chat.value).toBe(chat.messages[1]?.content);
  expect(chat.usage?.completion_tokens).toBeGreaterThan(1);
  // Rendered, by the part that is fetched when it is needed.
  await expect(page.getByTestId('answer').locator('.block').first()).not.toHaveClass(/plain/);
  await page.screenshot({ path: info.outputPath('element.png') });
});
