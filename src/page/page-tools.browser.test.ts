import { page, userEvent } from 'vitest/browser';
import { describe, expect, it } from 'vitest';
import { deepFocus, mountBeforeEach, until } from '../../test/support/mounted-page';
import { TEXT } from './messages';
import { platformOf } from './shortcuts';

const mounted = mountBeforeEach();
const focusOf = (): string | null => deepFocus()?.getAttribute('data-testid') ?? null;
const isMac = platformOf(navigator.platform) === 'mac';
const press = (key: string): Promise<void> =>
  userEvent.keyboard(isMac ? `{Control>}{Shift>}${key}{/Shift}{/Control}` : `{Alt>}{Shift>}${key}{/Shift}{/Alt}`);

describe('settings', () => {
  it('go into the next question, and the focus goes back to their button', async () => {
    await mounted().becomeReady();
    await mounted().openDialog('settings-button', 'settings-done');
    await userEvent.fill(page.getByTestId('settings-system'), 'Be brief.');
    await userEvent.click(page.getByTestId('preset-exact'));
    await userEvent.click(page.getByTestId('settings-done'));
    await until(() => focusOf() === 'settings-button');
    await mounted().ask('Hello');
    expect(mounted().answer.body).toMatchObject({
      temperature: 0,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
    });
  });
});

describe('shortcuts', () => {
  it('have a sheet, which has the keys while it is open and gives the focus back', async () => {
    await mounted().beginAnswer();
    await until(() => focusOf() === 'prompt');
    await userEvent.keyboard(isMac ? '{Meta>}/{/Meta}' : '{Control>}/{/Control}');
    await expect.element(page.getByText(TEXT.shortcuts.does.regenerate)).toBeVisible();
    await press('n');
    await userEvent.keyboard('{Escape}');
    await until(() => focusOf() === 'prompt');
    await mounted().phase('generating');
    await userEvent.keyboard('{Escape}');
    await mounted().phase('ready');
  });

  it('begin, show, and answer again, while something is written', async () => {
    await mounted().converse();
    await userEvent.fill(page.getByTestId('prompt'), 'half a');
    const count = mounted().engines.answers.length;
    await press('r');
    await until(() => mounted().engines.answers.length > count);
    mounted().answer.finish();
    await mounted().phase('ready');
    await press('n');
    expect(mounted().store.state.messages).toEqual([]);
    await press('j');
    expect(mounted().store.state.messages).not.toEqual([]);
    await expect.element(page.getByTestId('prompt')).toHaveValue('half a');
    await press('f');
    await until(() => focusOf() === 'chat-search');
    await press('m');
    await until(() => focusOf() === 'prompt');
    await press('o');
    await expect.element(page.getByTestId('model-dialog')).toBeVisible();
  });

  it('put the conversations away, and bring them back', async () => {
    await mounted().becomeReady();
    const isBeside = (): boolean => page.getByRole('navigation').elements().length > 0;
    expect(isBeside()).toBe(true);
    await press('b');
    await until(() => !isBeside());
    await expect.element(page.getByTestId('chats-button')).toBeVisible();
    await press('b');
    await until(isBeside);
  });
});

describe('the context', () => {
  it('is told in words, and a warning is said once', async () => {
    await mounted().startLoading();
    mounted().load.info = { ...mounted().load.info, model: { ...mounted().load.info.model, contextLength: 110 } };
    mounted().load.finish();
    await mounted().phase('ready');
    expect(page.getByTestId('context').elements()).toEqual([]);
    await mounted().ask('Hello');
    const meter = page.getByRole('meter');
    await expect.element(meter).toHaveAttribute('aria-valuetext', expect.stringMatching(/^about \d+ of 110 tokens$/));
    mounted().answer.write('Hello');
    mounted().answer.finish();
    await expect.element(meter).toHaveAttribute('aria-valuetext', '95 of 110 tokens');
    await expect.element(page.getByTestId('context-warning')).toHaveTextContent(TEXT.context.near);
    await until(() => mounted().status === TEXT.context.near);
  });
});

describe('the room in the browser', () => {
  it('is told by what takes it, and can be kept for good', async () => {
    await mounted().unfold('kept');
    const legend = page.getByRole('list', { name: TEXT.storage.title });
    await expect
      .element(legend)
      .toHaveTextContent(/Models: 196\.7 MB.*Unfinished downloads: 40\.0 MB.*Free.*: 10\.0 GB/s);
    mounted().models.refusesToPersist = true;
    await userEvent.click(page.getByTestId('persist'));
    await until(() => mounted().status === TEXT.storage.refused);
    mounted().models.refusesToPersist = false;
    await userEvent.click(page.getByTestId('persist'));
    await until(() => mounted().status === TEXT.storage.granted);
    await expect.element(page.getByTestId('storage-lasting')).toHaveTextContent(TEXT.storage.persistent);
  });
});
