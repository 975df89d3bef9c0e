import { page, userEvent } from 'vitest/browser';
import { describe, expect, it } from 'vitest';
import { lostTwice } from '../../test/support/lost-twice';
import { allElements, deepFocus, mountBeforeEach, until } from '../../test/support/mounted-page';
import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { formatTime } from './format';
import { ERROR_TEXT, TEXT } from './messages';

const mounted = mountBeforeEach();

const PROBE = { phase: 'probe', loaded: 0, total: 0, bytesPerSecond: 0, etaSeconds: null, resumed: 0 } as const;

const notice = page.getByTestId('gpu-notice');
const prompt = page.getByTestId('prompt');
const isShown = (): boolean => notice.elements().length > 0;

/** The page's nodes that speak by themselves; those of dialogs do while these are open. */
const speaking = (): Element[] =>
  [...allElements(mounted().root)].filter(
    (element) => element.matches('[role=status], [role=alert], [aria-live]') && element.checkVisibility(),
  );

describe('a lost GPU', () => {
  it('is said beside the answer, with how far the next load is, and no more once it is back', async () => {
    await mounted().loseGpu();
    await expect.element(notice).toHaveTextContent(TEXT.gpu.lost);
    await expect.element(notice).toHaveTextContent(TEXT.gpu.answerWaits);
    await expect.element(page.getByTestId('load-progress')).toHaveAttribute('value', '40');
    await expect.element(page.getByTestId('load-percent')).toHaveTextContent('40 %');
    await expect.element(page.getByTestId('answer')).toHaveTextContent('It falls in three ways');
    await expect.element(page.getByTestId('stop')).toBeEnabled();
    await until(() => mounted().status === TEXT.gpu.lost);

    mounted().load.enter('ready');
    await until(() => !isShown());
    expect(mounted().status).toBe(TEXT.status.gpuBackAnswering);
    mounted().answer.write('\n\nAnd hail.');
    mounted().answer.finish();
    await mounted().phase('ready');
    await expect.element(page.getByTestId('answer')).toHaveTextContent(/It falls in three ways.*And hail\./);
    expect(speaking()).toHaveLength(1);
  });

  it('takes the focus from nobody who writes, nor what is written', async () => {
    await mounted().loseGpu();
    await userEvent.fill(prompt, 'And sn');
    const input = deepFocus();
    for (const state of ['ready', 'lost', 'ready'] as const) {
      mounted().load.enter(state);
      await until(() => isShown() === (state === 'lost'));
      expect(deepFocus()).toBe(input);
    }
    await userEvent.keyboard('ow?');
    await expect.element(prompt).toHaveValue('And snow?');
  });

  it('gives no focus to the composer when it is back: who reads goes on reading', async () => {
    await mounted().becomeReady();
    await until(() => deepFocus()?.id === 'text');
    (deepFocus() as HTMLElement).blur();
    mounted().load.enter('lost');
    await until(isShown);
    mounted().load.enter('ready');
    await until(() => !isShown());
    expect(deepFocus()).toBe(document.body);
  });

  it('lets nothing be sent until it is back, and says so', async () => {
    await mounted().becomeReady();
    mounted().load.enter('lost');
    await expect.element(prompt).toHaveAccessibleDescription(TEXT.composer.recovering);
    await expect.element(page.getByTestId('suggestion').first()).toBeDisabled();
    await userEvent.fill(prompt, 'Hello');
    await userEvent.keyboard('{Enter}');
    expect(mounted().store.state.messages).toEqual([]);
    mounted().load.enter('ready');
    await expect.element(page.getByTestId('send')).toBeEnabled();
    await userEvent.keyboard('{Enter}');
    await until(() => mounted().engines.answers.length === 1);
    expect(mounted().answer.body.messages).toEqual([{ role: 'user', content: 'Hello' }]);
  });

  it('leaves an answer to be stopped', async () => {
    await mounted().loseGpu();
    await userEvent.keyboard('{Escape}');
    await mounted().phase('recovering');
    expect(mounted().answer.signal?.aborted).toBe(true);
    await until(() => page.getByTestId('answer-waits').elements().length === 0);
  });
});

describe('an answer that is given up because a second GPU was lost under it', () => {
  it('ends alone: the model stays, another answer goes on, and the next question is answered', async () => {
    const { store, engines } = mounted();
    await mounted().becomeReady();
    await mounted().ask('How does rain form?');
    const other = mounted().answer;
    other.write('It falls');
    const otherId = defined(store.state.chats.shown, 'the first').id;
    store.newChat();
    await mounted().ask('Read all of this');
    mounted().load.enter('lost');
    mounted().load.enter('ready');
    mounted().load.enter('lost');
    await until(isShown);
    mounted().answer.fail(lostTwice());
    mounted().load.enter('ready');
    await until(() => !isShown());
    const error = page.getByTestId('error');
    await expect.element(error).toHaveTextContent(ERROR_TEXT.timeout.title);
    await expect.element(error.getByText('not tried a third time')).toBeInTheDocument();
    expect(page.getByTestId('load-again').elements()).toHaveLength(0);
    await mounted().phase('ready');

    await mounted().ask('And snow?');
    mounted().answer.write('It drifts.');
    mounted().answer.finish();
    await mounted().phase('ready');
    await expect.element(page.getByTestId('answer').last()).toHaveTextContent('It drifts.');
    store.showChat(otherId);
    other.write(' in drops.');
    other.finish();
    await mounted().phase('ready');
    await expect.element(page.getByTestId('answer')).toHaveTextContent('It falls in drops.');
    expect([engines.loads.length, engines.answers.length, engines.closed]).toEqual([1, 3, 0]);
  });
});

describe('a GPU that the browser has closed to the page', () => {
  const retry = page.getByTestId('gpu-retry');

  it('is told with the time of the next try, counted down by the second', async () => {
    await mounted().loseGpu();
    const { clock } = mounted();
    const retryAtMs = clock.now() + 125_000;
    mounted().load.enter('blocked', { retryAtMs });
    await expect.element(notice).toHaveTextContent(TEXT.gpu.blocked);
    const time = formatTime(retryAtMs);
    await expect.element(retry).toHaveTextContent(TEXT.gpu.retry(time, '2 min 5 s'));
    await until(() => mounted().status === TEXT.status.gpuBlocked(time));
    for (const [passedMs, left] of [
      [1000, '2 min 4 s'],
      [400, '2 min 4 s'],
      [600, '2 min 3 s'],
      [113_000, '10 s'],
      [9000, '1 s'],
    ] as const) {
      clock.advance(passedMs);
      await expect.element(retry).toHaveTextContent(TEXT.gpu.retry(time, left));
    }
    expect(mounted().status).toBe(TEXT.status.gpuBlocked(time));
    clock.advance(1000);
    await expect.element(retry).toHaveTextContent(TEXT.gpu.retrying);
    expect(clock.waiting).toBe(0);
  });

  it('is counted down by one timer, which ends with the notice', async () => {
    await mounted().loseGpu();
    const { clock } = mounted();
    mounted().load.enter('blocked', { retryAtMs: clock.now() + 125_000 });
    await until(() => clock.waiting === 1);
    mounted().answer.write('more');
    await expect.element(page.getByTestId('answer')).toHaveTextContent('more');
    clock.advance(1000); // what was written is kept then
    await expect.element(retry).toHaveTextContent('2 min 4 s');
    expect(clock.waiting).toBe(1);
    mounted().load.options.onProgress?.(PROBE);
    await expect.element(notice).toHaveTextContent(TEXT.gpu.lost);
    expect(clock.waiting).toBe(0);
    mounted().load.enter('blocked', { retryAtMs: clock.now() + 125_000 });
    await until(() => clock.waiting === 1);
    mounted().load.enter('ready');
    await until(() => !isShown());
    expect(clock.waiting).toBe(0);
  });
});

describe('a GPU that is gone for good', () => {
  it('is told with what to do; another engine goes on with the conversation and what was typed', async () => {
    await mounted().loseGpu();
    await userEvent.fill(prompt, 'And sn');
    const input = deepFocus();
    const message = 'The device was lost (no adapter).';
    mounted().answer.fail(new ForgelightError('device-lost', message));
    mounted().load.enter('gone', { error: { code: 'device-lost', message } });
    await expect.element(page.getByTestId('error')).toHaveTextContent(ERROR_TEXT['device-lost'].advice);
    expect(page.getByTestId('error').elements()).toHaveLength(1);
    expect(isShown()).toBe(false);
    expect(deepFocus()).toBe(input);
    await userEvent.keyboard('ow?');
    await userEvent.click(page.getByTestId('load-again'));
    await until(() => mounted().engines.loads.length === 2);
    mounted().load.finish();
    await mounted().phase('ready');
    await expect.element(prompt).toHaveValue('And snow?');
    await expect.element(page.getByTestId('answer')).toHaveTextContent('It falls in three ways');
    await userEvent.click(page.getByTestId('send'));
    await until(() => mounted().engines.answers.length === 2);
    expect(mounted().answer.body.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });

  it('because the next one is too small shows what would fit', async () => {
    await mounted().endEngine('out-of-memory', 'At most 512 tokens fit.');
    const error = page.getByTestId('error');
    await expect.element(error).toHaveTextContent(ERROR_TEXT['out-of-memory'].title);
    await expect.element(error.getByText('At most 512 tokens fit.')).toBeVisible();
    expect(error.elements()).toHaveLength(1);
  });
});
