import { page, userEvent } from 'vitest/browser';
import { expect, it } from 'vitest';
import { deepFocus, mountBeforeEach, until } from '../../test/support/mounted-page';

const mounted = mountBeforeEach();

it('a model that is refused is told beside the composer, and put away by a button; writing goes on there', async () => {
  const choice = { reference: new Blob(['GIF89a']), name: 'notes.gguf', local: true };
  await mounted().refuse(choice);
  await expect.element(page.getByTestId('refused')).toHaveTextContent(/notes\.gguf was not loaded.*a\.gguf goes on/);
  expect(mounted().status).toMatch(/notes\.gguf was not loaded/);
  await userEvent.click(page.getByTestId('refused-close'));
  await until(() => page.getByTestId('refused').elements().length === 0);
  expect(deepFocus()?.getAttribute('data-testid')).toBe('prompt');
});

it('one that fails later has a button back to the one before', async () => {
  await mounted().failAnother({ reference: new Blob(['GGUF']), name: 'other.gguf', local: true });
  const count = mounted().engines.loads.length;
  await userEvent.click(page.getByTestId('load-before'));
  await until(() => mounted().engines.loads.length > count);
  expect(mounted().load.options.model).toBe('https://example.org/a.gguf');
});

it('a load that fails where none was before has no such button', async () => {
  await mounted().failLoading('network');
  await until(() => page.getByTestId('load-again').elements().length > 0);
  expect(page.getByTestId('load-before').elements()).toEqual([]);
});
