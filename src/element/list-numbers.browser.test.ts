import { afterEach, expect, it } from 'vitest';
import { until } from '../../test/support/browser-waits';
import { defineParts } from './parts';

defineParts();
afterEach(() => {
  document.body.replaceChildren();
  document.body.removeAttribute('style');
});

it.each(['9. a', '99. a\n100. b', '1984. a year', '9998. a\n9999. b\n10000. c', '12345. a', '999999999. most'])(
  'the number of %j is in sight, all of it',
  async (text) => {
    // As wide as the page's own.
    document.body.style.fontFamily = 'sans-serif';
    const view = document.body.appendChild(document.createElement('forgelight-message'));
    view.message = { role: 'assistant', id: 1, text, status: { kind: 'stopped' }, firstTokenMs: null };
    await until(() => view.renderRoot.querySelector('ol') !== null);
    const list = view.renderRoot.querySelector('ol') as HTMLOListElement;
    const number = document.createElement('span');
    number.textContent = `${list.start + list.children.length - 1}.\u00a0`;
    list.append(number);
    const { fontSize, paddingInlineStart } = getComputedStyle(list);
    // What stands out is seen for 1em.
    expect(number.getBoundingClientRect().width).toBeLessThan(parseFloat(paddingInlineStart) + parseFloat(fontSize));
  },
);
