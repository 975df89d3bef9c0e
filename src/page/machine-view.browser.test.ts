import axe from 'axe-core';
import { page, userEvent } from 'vitest/browser';
import { afterEach, expect, it, vi } from 'vitest';
import { until } from '../../test/support/browser-waits';
import { MACHINE_FACTS } from '../../test/support/machine-facts';
import { ForgelightError } from '../base/errors';
import { defineParts } from '../element/parts';
import type { MachinePorts } from './machine-tools';
import './machine-view';
import { MACHINE_TEXT } from './machine-messages';
import { TEXT } from './messages';
import './page.css';

vi.setConfig({ testTimeout: 20_000 });
defineParts();

/** Measurements that a test ends. */
let measured: ((bytesPerSecond: number) => void)[] = [];
let copied: string[] = [];

afterEach(() => {
  document.body.replaceChildren();
  delete document.documentElement.dataset['theme'];
  measured = [];
  copied = [];
});

async function show(given: Partial<MachinePorts> = {}): Promise<void> {
  document.documentElement.lang = 'en';
  document.title = 'Machine';
  const view = document.createElement('machine-view');
  view.ports = {
    look: async () => MACHINE_FACTS,
    measure: (signal) =>
      new Promise((resolve, reject) => {
        measured.push((bytesPerSecond) => resolve({ bytesPerSecond }));
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    copy: async (text) => void copied.push(text),
    ...given,
  };
  const main = document.createElement('main');
  main.append(document.createElement('h1'), document.createElement('h2'), view);
  main.children[0]?.append('Page');
  main.children[1]?.append(TEXT.machine.title);
  document.body.append(main);
  await until(() => page.getByTestId('copy-report').elements().length === 1);
}

it.each(['light', 'dark'])('axe finds nothing in the report (%s)', async (theme) => {
  document.documentElement.dataset['theme'] = theme;
  await show();
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
});

it('the report is copied as text with the same as JSON, or shown to be copied by hand', async () => {
  await show();
  await userEvent.click(page.getByTestId('copy-report'));
  await until(() => copied.length === 1);
  expect(copied[0]).toContain('Vendor: intel');
  expect(copied[0]).toContain('computes wrongly here');
  const json = copied[0]?.split('\n').find((line) => line.startsWith('{')) ?? '';
  expect(JSON.parse(json)).toEqual(MACHINE_FACTS);
  document.body.replaceChildren();
  await show({ copy: () => Promise.reject(new DOMException('refused', 'NotAllowedError')) });
  await userEvent.click(page.getByTestId('copy-report'));
  await expect.element(page.getByLabelText(MACHINE_TEXT.report)).toHaveValue(copied[0] ?? '');
});

it('the memory is measured on a click, and measuring can be stopped', async () => {
  await show();
  expect(measured).toHaveLength(0);
  await userEvent.click(page.getByTestId('measure'));
  await userEvent.click(page.getByTestId('stop-measuring'));
  await expect.element(page.getByTestId('machine-says')).toHaveTextContent(MACHINE_TEXT.stopped);
  await userEvent.click(page.getByTestId('measure'));
  measured.at(-1)?.(68e9);
  await expect.element(page.getByText('68.0 GB/s, read and written by a copy')).toBeVisible();
});

it('a machine without an adapter has a report too', async () => {
  const { code, message } = new ForgelightError('no-adapter', 'none');
  await show({ look: async () => ({ ...MACHINE_FACTS, graphics: { ok: false, failure: { code, detail: message } } }) });
  await expect.element(page.getByTestId('error')).toHaveAttribute('data-code', 'no-adapter');
  await userEvent.click(page.getByTestId('copy-report'));
  await until(() => copied.length === 1);
  expect(copied[0]).toContain('no-adapter: none');
});
