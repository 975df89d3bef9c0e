import { page, userEvent } from 'vitest/browser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mountBeforeEach, until } from '../../test/support/mounted-page';
import { followShareLinks } from './asked-link';

const LINK = '#m=https%3A%2F%2Fa.example%2Fx.gguf';
const mounted = mountBeforeEach();
const before = window.location.pathname + window.location.search;

beforeEach(async () => {
  window.history.replaceState(null, '', before + LINK);
  followShareLinks(mounted().root);
  await until(() => page.getByTestId('shared').elements().length === 1);
});
afterEach(() => window.history.replaceState(null, '', before));

describe('the address has what a link asks for', () => {
  it('until it is declined: the page may be loaded anew before', async () => {
    expect(window.location.hash).toBe(LINK);
    await userEvent.keyboard('{Escape}');
    await until(() => page.getByTestId('shared').elements().length === 0);
    expect(window.location.href).toBe(new URL(before, window.location.href).href);
  });

  it('until it is taken', async () => {
    await userEvent.click(page.getByTestId('shared-use'));
    await until(() => mounted().engines.loads.length === 1);
    expect(window.location.hash).toBe('');
  });

  it('and another one when that takes its place', async () => {
    window.location.hash = '#sys=Rhyme.';
    await expect.element(page.getByTestId('shared-system')).toHaveTextContent('Rhyme.');
    expect(window.location.hash).toBe('#sys=Rhyme.');
    await userEvent.click(page.getByTestId('shared-use'));
    await until(() => mounted().store.state.chats.settings.system === 'Rhyme.');
    expect(window.location.hash).toBe('');
  });
});
