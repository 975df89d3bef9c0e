import { page } from 'vitest/browser';
import { expect, it, vi } from 'vitest';
import { mountBeforeEach, until } from '../../test/support/mounted-page';
import { TEXT } from './messages';
import { parseShareLink } from './share-link';

// Its module cannot define its element then, and fails: as when the network is gone, or the page was deployed anew under an open window.
customElements.define('shared-card', class extends HTMLElement {});

const mounted = mountBeforeEach();

it('what shows a link is fetched once a link, and not again because the page says that it could not be', async () => {
  const { root, store } = mounted();
  const said = vi.spyOn(store, 'announce');
  for (const count of [1, 2]) {
    root.asked = parseShareLink('#m=hf:owner/repo:Q4_K_M');
    await until(() => said.mock.calls.length >= count);
    await expect.element(page.getByTestId('notice')).toHaveTextContent(TEXT.model.partMissing);
    await root.updateComplete;
    // Whatever was asked for by now is asked for before this.
    await expect(import('./shared-card')).rejects.toThrow('has already been used');
    expect(said).toHaveBeenCalledTimes(count);
  }
});
