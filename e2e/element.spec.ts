import { expect, test } from '@playwright/test';
import type { ForgelightChat } from '../src/element/index';
import { consoleOf, documentedPolicy, PolicySite, refusedOf } from './policy-site';

test('one tag and one script of another origin, under the documented policy: a poster, a click, a streamed answer', async ({
  page,
}, info) => {
  const other = String(info.config.metadata['otherOrigin']);
  const policy = documentedPolicy('other-origin', { 'https://cdn.example': other, 'https://models.example': other });
  const site = await PolicySite.start({
    policy,
    script: `${other}/lib/element/define.js`,
    src: `${other}/fixtures/zoo/llama.gguf`,
  });
  const log = consoleOf(page);
  try {
    await page.goto(site.origin);
    await expect(page.getByTestId('poster')).toContainText('llama.gguf');
    await expect(page.getByTestId('size')).toBeVisible();
    await expect(page.getByTestId('fit')).toHaveAttribute('data-verdict', 'fits');

    await page.getByTestId('load-model').click();
    await expect(page.locator('forgelight-chat:state(ready)')).toHaveCount(1, { timeout: 300_000 });
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
    expect(await refusedOf(page, log)).toEqual([]);
    await page.screenshot({ path: info.outputPath('element.png') });
  } finally {
    await site.close();
  }
});

test('a poster says whether 94 MiB fit by the first 4 MB of them; its worker has the documented policy too', async ({
  page,
}, info) => {
  const other = String(info.config.metadata['otherOrigin']);
  const policy = documentedPolicy('same-origin', { 'https://models.example': other });
  const site = await PolicySite.start({ policy, script: '/lib/element/define.js', src: '/model.gguf' });
  const log = consoleOf(page);
  try {
    await page.goto(site.origin);
    await expect(page.getByTestId('size')).toContainText('98.4 MB');
    await expect(page.getByTestId('fit')).toHaveAttribute('data-verdict', /^fits/);
    // Of the model no more was there to be had than its first 4 MB, and nobody waits for the rest.
    await expect.poll(() => site.openModels).toBe(0);
    expect(await refusedOf(page, log)).toEqual([]);
  } finally {
    await site.close();
  }
});

test('a conversation that a page sets is shown at its end, though it is lower for a frame than it was and will be', async ({
  page,
}) => {
  await page.setViewportSize({ width: 900, height: 700 });
  await page.goto('/fixtures/blank.html');
  const content =
    'باريس.\n\n1. one\n2. two\n\n```js\nlet a = 1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> said\n\nThe end.';
  await page.evaluate(async (answer) => {
    const script = Object.assign(document.createElement('script'), { type: 'module', src: '/lib/element/define.js' });
    document.head.append(script);
    await customElements.whenDefined('forgelight-chat');
    const chat = document.body.appendChild(document.createElement('forgelight-chat')) as ForgelightChat;
    // What was shown before is laid out, and nothing else goes on.
    for (let frame = 0; frame < 30; frame += 1) await new Promise(requestAnimationFrame);
    await new Promise((resolve) => requestIdleCallback(resolve));
    chat.messages = [
      { role: 'user', content: 'What?\nSay it.' },
      { role: 'assistant', content: answer },
    ];
  }, content);
  await expect(page.getByText('The end.')).toBeInViewport({ timeout: 5000 });
  await expect(page.getByTestId('jump')).toHaveCount(0, { timeout: 5000 });
});
