import axe from 'axe-core';
import { afterEach, expect, it, vi } from 'vitest';
import { ERROR_CODES } from '../base/errors';
import { adviseHere, errorText, presentCircumstances } from './advice';
import './page.css';
import { defineParts } from '../element/parts';

vi.setConfig({ testTimeout: 30_000 });
defineParts();
adviseHere();
const CODES = [...ERROR_CODES, 'unexpected'] as const;

afterEach(() => {
  document.body.replaceChildren();
  delete document.documentElement.dataset['theme'];
});

it.each(['light', 'dark'])('every error is shown in words, and axe finds nothing in them (%s)', async (theme) => {
  document.documentElement.lang = 'en';
  document.title = 'Errors';
  document.documentElement.dataset['theme'] = theme;
  const main = document.createElement('main');
  main.append(document.createElement('h1'));
  main.firstElementChild?.append('Errors');
  const views = CODES.map((code) => {
    const view = document.createElement('forgelight-error');
    view.failure = { code, detail: 'at offset 17' };
    main.append(view);
    return view;
  });
  document.body.append(main);
  await Promise.all(views.map((view) => view.updateComplete));
  for (const [i, view] of views.entries()) {
    const { title, advice } = errorText(CODES[i] ?? 'unexpected', presentCircumstances());
    const shown = view.shadowRoot?.textContent.replaceAll(/\s+/g, ' ');
    expect(shown).toContain(title);
    expect(shown).toContain(advice);
    // There the advice is to read them, or they alone say what would fit.
    const isOpen = ['out-of-memory', 'invalid-request'].includes(CODES[i] ?? '');
    expect([CODES[i], view.shadowRoot?.querySelector('details')?.open]).toEqual([CODES[i], isOpen]);
  }
  const { violations } = await axe.run(main, { resultTypes: ['violations'] });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
});
