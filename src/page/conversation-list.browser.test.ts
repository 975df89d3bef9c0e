import { page, userEvent } from 'vitest/browser';
import { describe, expect, it } from 'vitest';
import { deepFocus, mountBeforeEach, until } from '../../test/support/mounted-page';
import { defined } from '../base/assert';
import { NO_CONVERSATIONS } from './conversations';
import { Drafts } from './drafts';
import { TEXT } from './messages';

const mounted = mountBeforeEach();

const titles = (): readonly string[] =>
  page
    .getByTestId('chat-open')
    .elements()
    .map((element) => element.querySelector('.title')?.textContent ?? '');
const focused = (): string | undefined => (deepFocus() as HTMLElement | null)?.dataset['testid'];
/** As a person who has come there with Tab. */
const focusOn = (testId: string): void => (page.getByTestId(testId).first().element() as HTMLElement).focus();
const SEA = 'Write a poem about the sea, the wind and a ship that never comes home';
const RAIN = 'How does rain form?';

describe('the list of conversations', () => {
  it('shows which one is shown and which ones are written, and leads to them', async () => {
    await mounted().fillConversations();
    expect(titles()).toEqual([SEA, RAIN]);
    const current = (): readonly (string | null)[] =>
      page
        .getByTestId('chat-open')
        .elements()
        .map((element) => element.getAttribute('aria-current'));
    expect(current()).toEqual([null, 'true']);
    await expect.element(page.getByTestId('chat-open').first()).toHaveTextContent(TEXT.chats.writing);
    await userEvent.click(page.getByTestId('chat-open').first());
    expect(mounted().status).toBe(TEXT.chats.shown(SEA));
    await expect.element(page.getByTestId('answer')).toHaveTextContent('The waves');
    expect(current()).toEqual(['true', null]);
    expect(focused()).toBe('chat-open');
    mounted().answer.finish();
    await until(() => page.getByTestId('chat-writing').elements().length === 0);
  });

  it('is left alone by the words of an answer', async () => {
    await mounted().beginAnswer();
    const panel = mounted().root.shadowRoot?.querySelector('conversation-panel');
    const list = defined(panel?.shadowRoot?.querySelector('conversation-list'), 'the list');
    let count = 0;
    list.addController({ hostUpdate: () => (count += 1) });
    for (const word of ['a ', 'b ', 'c ']) {
      mounted().answer.write(word);
      await expect.element(page.getByTestId('answer')).toHaveTextContent(word.trim());
    }
    expect(count).toBe(0);
  });

  it('says how many are kept that it cannot show', async () => {
    const list = document.createElement('conversation-list');
    list.chats = { ...NO_CONVERSATIONS, unreadable: 2 };
    document.body.append(list);
    await expect.element(page.getByTestId('chats-unreadable')).toHaveTextContent(TEXT.chats.unreadable(2));
    list.chats = NO_CONVERSATIONS;
    await until(() => page.getByTestId('chats-unreadable').elements().length === 0);
    list.remove();
  });

  it('finds by title and text, and says how many', async () => {
    await mounted().fillConversations();
    await userEvent.fill(page.getByTestId('chat-search'), 'DRÍZZLE');
    await until(() => titles().length === 1);
    expect(titles()).toEqual([RAIN]);
    await until(() => mounted().status === TEXT.chats.found(1));
    // While keys come nothing is searched.
    const input = page.getByTestId('chat-search').element() as HTMLInputElement;
    input.value = 'sea';
    input.dispatchEvent(new InputEvent('input'));
    await mounted().root.updateComplete;
    expect(titles()).toEqual([RAIN]);
    await userEvent.fill(page.getByTestId('chat-search'), 'snow');
    await expect.element(page.getByTestId('chats-none')).toHaveTextContent(TEXT.chats.noMatch('snow'));
    await userEvent.keyboard('{Escape}');
    await until(() => titles().length === 2);
    expect(mounted().store.state.chats.running.size).toBe(1);
  });

  it('renames with the keyboard alone, and keeps the focus', async () => {
    await mounted().converse();
    focusOn('chat-rename');
    await userEvent.keyboard('{Enter}');
    await until(() => focused() === 'chat-name');
    await userEvent.keyboard('{Escape}');
    await until(() => focused() === 'chat-rename');
    await userEvent.keyboard('{Enter}');
    await until(() => focused() === 'chat-name');
    await userEvent.keyboard('Weather{Enter}');
    await until(() => focused() === 'chat-rename');
    expect(titles()).toEqual(['Weather']);
  });

  it('deletes only after a yes, and the focus goes to what takes its place', async () => {
    await mounted().fillConversations();
    focusOn('chat-delete');
    await userEvent.keyboard('{Enter}');
    await until(() => focused() === 'chat-no');
    await userEvent.keyboard('{Enter}');
    await until(() => focused() === 'chat-delete');
    expect(titles()).toHaveLength(2);
    await userEvent.keyboard('{Enter}');
    await until(() => focused() === 'chat-no');
    await userEvent.keyboard('{Shift>}{Tab}{/Shift}{Enter}');
    await until(() => titles().length === 1);
    expect(focused()).toBe('chat-open');
    expect(mounted().status).toBe(TEXT.chats.deleted(SEA));
    expect(mounted().answer.signal?.aborted).toBe(true);
  });

  it('has the focus where the row that had it is gone, and takes it from nobody later', async () => {
    await mounted().converse();
    const id = defined(mounted().store.state.chats.shown, 'the shown one').id;
    mounted().store.renameChat(id, 'Weather');
    await userEvent.fill(page.getByTestId('chat-search'), 'weather');
    focusOn('chat-rename');
    await userEvent.keyboard('{Enter}');
    await until(() => focused() === 'chat-name');
    await userEvent.keyboard('Climate{Enter}');
    await until(() => focused() === 'chats');
    await userEvent.fill(page.getByTestId('chat-search'), '');
    await until(() => titles().length === 1);
    expect(focused()).toBe('chat-search');
    focusOn('chat-rename');
    await userEvent.keyboard('{Enter}');
    await until(() => focused() === 'chat-name');
    mounted().store.deleteChat(id);
    await until(() => focused() === 'chats');
  });

  describe('a file to import', () => {
    const upload = (text: string): Promise<void> =>
      userEvent.upload(page.getByTestId('import-file'), new File([text], 'chats.json'));
    const drop = (text: string, name: string): void => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([text], name));
      window.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
    };
    const noticed = async (text: string): Promise<void> => {
      await expect.element(page.getByTestId('notice')).toHaveTextContent(text);
    };

    it('says beside the conversation why it was not taken; one that is right is', async () => {
      await mounted().converse();
      await upload('GIF89a');
      await noticed(TEXT.chats.importFailed('chats.json', TEXT.chats.noJson));
      await upload(mounted().store.exportChats(null).replace('How does rain form?', 'How does snow form?'));
      await until(() => titles().length === 2);
      await noticed(TEXT.chats.imported(1, 0));
      expect(page.getByTestId('import-problem').elements()).toEqual([]);
    });

    it('is dropped anywhere, and what is no model leaves the model alone', async () => {
      await mounted().converse();
      drop('{"messages": []}', 'Other app.JSON');
      await noticed(TEXT.chats.importFailed('Other app.JSON', TEXT.chats.wrongFormat));
      drop(mounted().store.exportChats(null).replace('How does rain form?', 'How does snow form?'), 'chats.json');
      await until(() => titles().length === 2);
      drop('GIF89a', 'cat.gif');
      await noticed(TEXT.model.stranger('cat.gif'));
      expect(mounted().engines.loads).toHaveLength(1);
    });

    it('says so in the drawer, and behind it', async () => {
      await page.viewport(390, 844);
      await mounted().converse();
      await mounted().showConversations();
      await upload('[');
      await expect.element(page.getByTestId('import-problem')).toHaveTextContent(TEXT.chats.noJson);
      await userEvent.keyboard('{Escape}');
      await noticed(TEXT.chats.importFailed('chats.json', TEXT.chats.noJson));
    });
  });
});

describe('the drawer', () => {
  it('holds the list in narrow windows; Escape closes it and stops no answer', async () => {
    await page.viewport(390, 700);
    await mounted().beginAnswer();
    await mounted().showConversations();
    await userEvent.keyboard('{Escape}');
    await until(() => !page.getByTestId('chats').element().checkVisibility());
    expect(focused()).toBe('chats-button');
    expect(mounted().store.state.chats.running.size).toBe(1);
    await mounted().showConversations();
    await userEvent.click(page.getByText(TEXT.chats.newChat));
    await until(() => page.getByTestId('suggestion').elements().length > 0);
    expect(page.getByTestId('chats').element().checkVisibility()).toBe(false);
    await mounted().showConversations();
    await userEvent.click(page.getByTestId('chat-open'));
    await expect.element(page.getByTestId('question')).toHaveTextContent(RAIN);
    expect(page.getByTestId('chats').element().checkVisibility()).toBe(false);
  });
});

describe('messages', () => {
  it('a question is edited in its place: Escape leaves it, Enter asks it anew', async () => {
    await mounted().converse();
    focusOn('edit');
    await userEvent.keyboard('{Enter}');
    await until(() => focused() === 'question-editor');
    await userEvent.keyboard(' Or not?{Escape}');
    await until(() => focused() === 'edit');
    await expect.element(page.getByTestId('question')).toHaveTextContent(RAIN);
    await userEvent.keyboard('{Enter}');
    await until(() => focused() === 'question-editor');
    await userEvent.keyboard(' And snow?{Enter}');
    await until(() => mounted().engines.answers.length === 2);
    expect(mounted().answer.body.messages).toEqual([{ role: 'user', content: `${RAIN} And snow?` }]);
    expect(deepFocus()?.id).toBe('text');
    mounted().answer.finish();
    await mounted().phase('ready');
    await expect.element(page.getByTestId('version')).toHaveTextContent('2/2');
  });

  it('versions are stepped through without losing the focus', async () => {
    await mounted().fillConversations();
    await expect.element(page.getByTestId('version')).toHaveTextContent('2/2');
    focusOn('version-previous');
    await userEvent.keyboard('{Enter}');
    await expect.element(page.getByTestId('version')).toHaveTextContent('1/2');
    await expect.element(page.getByTestId('answer')).toHaveTextContent('drizzle');
    expect(mounted().status).toBe(TEXT.chat.version(1, 2));
    expect(focused()).toBe('version-previous');
    await userEvent.keyboard('{Enter}');
    await expect.element(page.getByTestId('version')).toHaveTextContent('1/2');
  });

  it('that are written and not sent stay with their conversation, also edits of questions', async () => {
    await mounted().converse();
    const id = defined(mounted().store.state.chats.shown, 'the shown one').id;
    await userEvent.fill(page.getByTestId('prompt'), 'And snow?');
    focusOn('edit');
    await userEvent.keyboard('{Enter}');
    await until(() => focused() === 'question-editor');
    await userEvent.keyboard(' Or not?');
    mounted().store.newChat();
    await expect.element(page.getByTestId('prompt')).toHaveValue('');
    mounted().store.showChat(id);
    await expect.element(page.getByTestId('prompt')).toHaveValue('And snow?');
    // Open as it was left, and the person is where they were.
    await expect.element(page.getByTestId('question-editor')).toHaveValue(`${RAIN} Or not?`);
    expect(focused()).not.toBe('question-editor');
    focusOn('question-editor');
    await userEvent.keyboard('{Escape}');
    await until(() => focused() === 'edit');
    await userEvent.keyboard('{Enter}');
    await expect.element(page.getByTestId('question-editor')).toHaveValue(RAIN);
    const again = new Drafts(() => window.sessionStorage);
    expect([again.read(id), window.sessionStorage.length]).toEqual(['And snow?', 1]);
  });

  it('a question is copied', async () => {
    await mounted().converse();
    const copied: string[] = [];
    navigator.clipboard.writeText = async (text) => void copied.push(text);
    focusOn('copy-question');
    await userEvent.keyboard('{Enter}');
    await until(() => mounted().status === TEXT.chat.copied);
    expect(copied).toEqual([RAIN]);
    navigator.clipboard.writeText = async () => await Promise.reject(new DOMException('', 'NotAllowedError'));
    await userEvent.keyboard('{Enter}');
    await expect.element(page.getByTestId('notice')).toHaveTextContent(TEXT.chat.copyFailed);
  });
});
