import { unreachable } from '../base/assert';
import type { ChatStore } from './chat-store';
import { TEXT } from './messages';
import { pagePhase } from './page-state';
import type { ShortcutId } from './shortcuts';

/** What a page shows, as shortcuts use it. */
export interface ShortcutPage {
  readonly store: ChatStore | null;
  newChat(): void;
  showChat(id: number): void;
  searchChats(): void;
  toggleChats(): void;
  answerAgain(id: number): void;
  write(): void;
  showSettings(): void;
  showModel(): void;
  showShortcuts(): void;
}

/** Does what a shortcut stands for; nothing where there is nothing to do it to. */
export function actOn(id: ShortcutId, page: ShortcutPage): void {
  switch (id) {
    case 'new-chat':
      return page.newChat();
    case 'search':
      return page.searchChats();
    case 'previous':
      return showBeside(page, -1);
    case 'next':
      return showBeside(page, 1);
    case 'sidebar':
      return page.toggleChats();
    case 'composer':
      return page.write();
    case 'stop':
      return page.store?.stop();
    case 'regenerate':
      return answerLastAgain(page);
    case 'copy':
      return void copyLast(page.store);
    case 'settings':
      return page.showSettings();
    case 'model':
      return page.showModel();
    case 'help':
      return page.showShortcuts();
    default:
      return unreachable(id);
  }
}

/** The conversation that stands above or below in the list; from a new one, the first. */
function showBeside(page: ShortcutPage, step: -1 | 1): void {
  const { store } = page;
  const { all, shown } = store?.state.chats ?? { all: [], shown: null };
  const index = shown === null ? -1 : all.findIndex(({ id }) => id === shown.id);
  const beside = index < 0 ? all[0] : all[index + step];
  if (beside !== undefined) page.showChat(beside.id);
}

function answerLastAgain(page: ShortcutPage): void {
  const { store } = page;
  const last = store?.state.messages.at(-1);
  if (store === null || last?.role !== 'assistant' || pagePhase(store.state) !== 'ready') return;
  page.answerAgain(last.id);
}

async function copyLast(store: ChatStore | null): Promise<void> {
  const last = store?.state.messages.findLast(({ role, text }) => role === 'assistant' && text !== '');
  if (store === null || last === undefined) return;
  try {
    await navigator.clipboard.writeText(last.text);
  } catch {
    // Refused by the browser or its owner's settings.
    return store.announce(TEXT.chat.copyFailed, true);
  }
  store.announce(TEXT.chat.copied);
}
