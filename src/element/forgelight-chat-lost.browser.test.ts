import { page } from 'vitest/browser';
import { afterEach, expect, it, vi } from 'vitest';
import { until } from '../../test/support/browser-waits';
import { lostTwice } from '../../test/support/lost-twice';
import { defineScriptedChat } from '../../test/support/scripted-chat';
import { defined } from '../base/assert';

const engines = defineScriptedChat();
vi.setConfig({ testTimeout: 20_000 });
afterEach(() => document.body.replaceChildren());

it('an answer that is given up because a second GPU was lost under it ends alone: who shares the engine goes on, and so does it', async () => {
  const tag = '<forgelight-chat src="https://example.org/a.gguf"></forgelight-chat>';
  document.body.innerHTML = tag + tag;
  const [chat, other] = [...document.querySelectorAll('forgelight-chat')].map((each) => defined(each, 'a chat'));
  if (chat === undefined || other === undefined) throw new Error('There are two.');
  const heard: string[] = [];
  for (const name of ['forgelight-error', 'forgelight-state'] as const) {
    chat.addEventListener(name, ({ detail }) => heard.push('state' in detail ? detail.state : name));
  }
  const loading = chat.load();
  const load = defined(engines.now.loads[0], 'a load');
  load.finish();
  await loading;
  other.engine = chat.engine;

  const sending = chat.send('Read all of this').catch((error: unknown) => error);
  const otherSending = other.send('How does rain form?');
  await until(() => engines.now.answers.length === 2);
  const [fatal, bystander] = engines.now.answers;
  bystander?.write('It falls');
  heard.length = 0;
  load.enter('lost');
  load.enter('ready');
  load.enter('lost');
  const error = lostTwice();
  fatal?.fail(error);
  expect(await sending).toBe(error);
  load.enter('ready');
  expect(heard).toEqual(['loading', 'forgelight-error', 'ready']);
  expect([chat.state, other.state, chat.engine === other.engine]).toEqual(['ready', 'generating', true]);
  await expect.element(page.getByTestId('error')).toHaveAttribute('data-code', 'timeout');

  bystander?.write(' in drops.');
  bystander?.finish();
  expect(await otherSending).toBe('It falls in drops.');
  const again = chat.send('And snow?');
  await until(() => engines.now.answers.length === 3);
  engines.now.answers[2]?.write('It drifts.');
  engines.now.answers[2]?.finish();
  expect(await again).toBe('It drifts.');
  expect([engines.now.loads.length, engines.now.closed]).toEqual([1, 0]);
});
