import { page, userEvent } from 'vitest/browser';
import { describe, expect, it } from 'vitest';
import { ANSWER, deepFocus, mountBeforeEach, until } from '../../test/support/mounted-page';
import { defined } from '../base/assert';
import { ERROR_CODES } from '../base/errors';
import { errorText, presentCircumstances } from './advice';
import { TEXT } from './messages';

const mounted = mountBeforeEach();

describe('errors', () => {
  it.each(ERROR_CODES)('%s has words, its detail, and a way on', async (code) => {
    await mounted().failLoading(code);
    const card = page.getByTestId('error');
    const { title, advice } = errorText(code, presentCircumstances());
    await expect.element(card).toHaveTextContent(title);
    await expect.element(card).toHaveTextContent(advice);
    await expect.element(card).toHaveTextContent('at offset 17');
    await userEvent.click(page.getByTestId('load-again'));
    await until(() => mounted().engines.loads.length === 2);
  });
});

describe('loading', () => {
  it('shows phase, bytes and time left, and stops', async () => {
    await mounted().showDownload();
    await expect.element(page.getByTestId('load-phase')).toHaveTextContent(TEXT.progress.download);
    await expect.element(page.getByTestId('load-details')).toHaveTextContent('about 5 s left');
    await expect.element(page.getByTestId('load-progress')).toHaveAttribute('value', '40');
    await userEvent.click(page.getByTestId('stop-loading'));
    expect(mounted().load.options.signal?.aborted).toBe(true);
    await expect.element(page.getByTestId('load-model')).toBeVisible();
  });

  it('says its phases and its end in the status node, then focuses the composer', async () => {
    await mounted().showDownload();
    await until(() => mounted().status === `${TEXT.progress.download}.`);
    mounted().load.finish();
    await until(() => mounted().status === TEXT.status.ready('a.gguf'));
    await until(() => deepFocus() !== null && deepFocus() !== document.body);
    expect(deepFocus()?.id).toBe('text');
  });

  it('takes an address, and refuses what is none with a reason', async () => {
    await mounted().typeBadAddress();
    await expect.element(page.getByTestId('model-url')).toHaveAttribute('aria-invalid', 'true');
    expect(mounted().engines.loads).toHaveLength(0);
    await userEvent.fill(page.getByTestId('model-url'), 'hf:owner/repo/x.gguf');
    await userEvent.keyboard('{Enter}');
    await until(() => mounted().engines.loads.length === 1);
    expect(mounted().load.options.model).toBe('hf:owner/repo/x.gguf');
  });

  it('takes a file that is chosen or dropped', async () => {
    const file = new File(['GGUF'], 'x.gguf');
    await userEvent.upload(page.getByTestId('file-input'), file);
    await until(() => mounted().engines.loads.length === 1);
    expect(mounted().load.options.model).toBeInstanceOf(File);
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['GGUF'], 'dropped.gguf'));
    window.dispatchEvent(new DragEvent('dragover', { dataTransfer, cancelable: true }));
    await expect.element(page.getByText(TEXT.model.dropHere)).toBeVisible();
    window.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
    await until(() => mounted().engines.loads.length === 2);
    expect(mounted().load.options.model).toMatchObject({ name: 'dropped.gguf' });
    await until(() => page.getByText(TEXT.model.dropHere).elements().length === 0);
  });
});

describe('a loaded model', () => {
  it('tells where the time from the click to the first token went', async () => {
    await mounted().startLoading();
    mounted().clock.advance(1400);
    mounted().load.finish();
    await mounted().phase('ready');
    await userEvent.click(page.getByTestId('model-button'));
    const times = page.getByTestId('load-times');
    await userEvent.click(times.getByText(TEXT.model.times.title('1.4 s')));
    /** Pairs of what is told, and how long it took. */
    const told = (): string[][] =>
      [...times.element().querySelectorAll('dt')].map((term) =>
        [term, term.nextElementSibling].map((part) => part?.textContent ?? ''),
      );
    const load = [
      [TEXT.model.times.start, '120 ms'],
      [TEXT.progress.probe, '40 ms'],
      [TEXT.progress.download, '900 ms'],
      [TEXT.progress.compile, '200 ms'],
      [TEXT.progress.warmup, '9 ms'],
      [TEXT.model.times.other, '131 ms'],
    ];
    expect(told()).toEqual(load);
    await expect.element(times.getByText('900 ms')).toBeVisible();
    await userEvent.keyboard('{Escape}');
    await mounted().ask('Hello');
    mounted().clock.advance(700);
    mounted().answer.write('a');
    await until(() => told().length > load.length);
    mounted().clock.advance(50);
    mounted().answer.write('b');
    mounted().answer.finish();
    await mounted().phase('ready');
    expect(told()).toEqual([...load, [TEXT.model.times.firstToken, '700 ms']]);
  });
});

describe('chatting', () => {
  it('sends with Enter, not with Shift+Enter nor while a word is composed', async () => {
    await mounted().becomeReady();
    const prompt = page.getByTestId('prompt');
    await userEvent.fill(prompt, 'one');
    await userEvent.keyboard('{Shift>}{Enter}{/Shift}two');
    const input = prompt.element() as HTMLTextAreaElement;
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }));
    // Safari ends the word first, and marks the key that did it so.
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true }));
    expect(mounted().engines.answers).toHaveLength(0);
    await userEvent.keyboard('{Enter}');
    await until(() => mounted().engines.answers.length === 1);
    expect(mounted().answer.body.messages).toEqual([{ role: 'user', content: 'one\ntwo' }]);
    expect(input.value).toBe('');
  });

  it('says why it cannot send', async () => {
    await expect.element(page.getByTestId('prompt')).toBeDisabled();
    await expect.element(page.getByTestId('prompt')).toHaveAccessibleDescription(TEXT.composer.noModel);
    await mounted().startLoading();
    await expect.element(page.getByTestId('prompt')).toHaveAccessibleDescription(TEXT.composer.loading);
    await userEvent.fill(page.getByTestId('prompt'), 'early');
    await userEvent.keyboard('{Enter}');
    expect(mounted().store.state.messages).toEqual([]);
    mounted().load.finish();
    await expect.element(page.getByTestId('send')).toBeEnabled();
  });

  it('sends a suggested prompt', async () => {
    await mounted().becomeReady();
    await userEvent.click(page.getByTestId('suggestion').first());
    await until(() => mounted().engines.answers.length === 1);
    expect(mounted().answer.body.messages).toEqual([{ role: 'user', content: TEXT.chat.prompts[0] }]);
  });

  it('stops with Escape and with the button, which gives its focus to the composer', async () => {
    await mounted().beginAnswer();
    await userEvent.keyboard('{Escape}');
    await mounted().phase('ready');
    expect(mounted().answer.signal?.aborted).toBe(true);
    await expect.element(page.getByTestId('answer-details')).toHaveTextContent(TEXT.chat.stopped);
    await mounted().ask('Again');
    await userEvent.click(page.getByTestId('stop'));
    await mounted().phase('ready');
    expect(deepFocus()?.id).toBe('text');
    await until(() => mounted().status === TEXT.status.stopped);
  });

  it('shows figures and copies the answer’s source', async () => {
    await mounted().converse();
    await expect.element(page.getByTestId('answer-details')).toHaveTextContent('14.2 tokens/s');
    await expect.element(page.getByTestId('answer-figures')).toHaveTextContent('31 tokens in 820 ms, 37.8 tokens/s');
    const copied: string[] = [];
    navigator.clipboard.writeText = async (text) => void copied.push(text);
    await userEvent.click(page.getByTestId('copy'));
    await until(() => mounted().status === TEXT.chat.copied);
    expect(copied).toEqual([ANSWER]);
  });

  it('tells the status node of the end of an answer, not of its tokens', async () => {
    await mounted().becomeReady();
    await mounted().ask('Hello');
    const said: string[] = [];
    const observer = new MutationObserver(() => said.push(mounted().status));
    observer.observe(page.getByTestId('status').element(), { childList: true, characterData: true, subtree: true });
    for (const word of ['a ', 'b ', 'c ', 'd ']) {
      mounted().answer.write(word);
      await expect.element(page.getByTestId('answer')).toHaveTextContent(word.trim());
    }
    mounted().answer.finish();
    await until(() => said.length > 0);
    observer.disconnect();
    expect(said).toEqual([TEXT.status.finished]);
  });

  it('begins anew', async () => {
    await mounted().converse();
    await userEvent.click(page.getByTestId('new-chat'));
    await until(() => page.getByTestId('suggestion').elements().length > 0);
    expect(mounted().store.state.messages).toEqual([]);
    expect(deepFocus()?.id).toBe('text');
  });
});

describe('scrolling', () => {
  const LINES = Array.from({ length: 60 }, (_, line) => `line ${line}`).join('\n\n');
  const scroller = (): Element =>
    defined(
      mounted().root.shadowRoot?.querySelector('forgelight-message-list')?.shadowRoot?.querySelector('.scroller'),
      'scroller',
    );
  const fromEnd = (): number => scroller().scrollHeight - scroller().scrollTop - scroller().clientHeight;

  it('follows the answer at the end, leaves alone who has scrolled up, and leads back', async () => {
    await mounted().becomeReady();
    await mounted().ask('Hello');
    mounted().answer.write(LINES);
    await until(() => scroller().scrollHeight > 1500 && fromEnd() < 2);
    scroller().scrollTop = 200;
    await expect.element(page.getByTestId('jump')).toBeVisible();
    mounted().answer.write(`\n\n${LINES}`);
    await until(() => scroller().scrollHeight > 3000);
    expect(scroller().scrollTop).toBe(200);
    await userEvent.click(page.getByTestId('jump'));
    await until(() => fromEnd() < 2);
    mounted().answer.write(`\n\n${LINES}`);
    await until(() => scroller().scrollHeight > 4500 && fromEnd() < 2);
  });
});

describe('colours', () => {
  it('go from the system’s to light to dark and back, and are kept', async () => {
    localStorage.clear();
    const button = page.getByTestId('theme');
    await userEvent.click(button);
    expect(document.documentElement.dataset['theme']).toBe('light');
    await userEvent.click(button);
    expect(document.documentElement.dataset['theme']).toBe('dark');
    expect(localStorage.getItem('forgelight-theme')).toBe('dark');
    await userEvent.click(button);
    expect(document.documentElement.dataset['theme']).toBeUndefined();
    await expect.element(button).toHaveAccessibleName(TEXT.header.colours.system);
  });
});
