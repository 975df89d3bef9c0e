import type { ChatState } from './chat-events';
import type { ChatEntry, ExportedChat } from './exported-chat';
import { parseExport } from './exported-chat';

/** Where a conversation is kept: nowhere, as long as the tab is open, or in this browser until its site data is cleared. */
export type Persistence = 'none' | 'session' | 'local';

/** The part of `Storage` that is used. Browsers that block site data throw on every access. */
export type ChatStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export type StorageOf = (persistence: 'session' | 'local') => ChatStorage;

/** The chat that was kept under `key`; `null` where there is none, or none that can be read. */
export function readKept(persistence: Persistence, key: string, storageOf: StorageOf): ExportedChat | null {
  if (persistence === 'none') return null;
  try {
    const kept = storageOf(persistence).getItem(keyOf(key));
    return kept === null ? null : parseExport(kept);
  } catch {
    // Site data is blocked, or what is there is not ours: the chat begins empty.
    return null;
  }
}

/** Keeps `chat`, or nothing of an empty one. Where there is no room, or site data is blocked, it lasts as long as the page. */
export function keep(chat: ExportedChat, persistence: Persistence, key: string, storageOf: StorageOf): void {
  if (persistence === 'none') return;
  try {
    const storage = storageOf(persistence);
    if (chat.messages.length === 0) storage.removeItem(keyOf(key));
    else storage.setItem(keyOf(key), JSON.stringify(chat));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

/** The element whose chat is kept. */
export interface KeptElement {
  readonly persist: Persistence;
  readonly name: string;
  readonly id: string;
  readonly state: ChatState;
  exportChat(): ExportedChat;
}

/** Where the chat of an element is kept. Of several tabs the one that writes last counts, and the others take that over. */
export class KeptChat {
  readonly #element: KeptElement;
  readonly #take: (messages: readonly ChatEntry[]) => void;
  #watching = new AbortController();

  /** `take` is given what another tab has made of the chat. */
  constructor(element: KeptElement, take: (messages: readonly ChatEntry[]) => void) {
    this.#element = element;
    this.#take = take;
  }

  read(): ExportedChat | null {
    return readKept(this.#element.persist, this.#name, storageOf);
  }

  keep(): void {
    keep(this.#element.exportChat(), this.#element.persist, this.#name, storageOf);
  }

  /** The element is in the document. */
  watch(): void {
    this.#watching = new AbortController();
    const { signal } = this.#watching;
    window.addEventListener('pagehide', this.#pageGoes, { signal });
    document.addEventListener('visibilitychange', this.#pageGoes, { signal });
    window.addEventListener('storage', this.#changedElsewhere, { signal });
  }

  forget(): void {
    this.#watching.abort();
  }

  get #name(): string {
    return this.#element.name || this.#element.id || 'chat';
  }

  /** A hidden page may be ended without another word. Without an answer all is kept, and another tab may have written since. */
  readonly #pageGoes = (): void => {
    if (this.#element.state === 'generating') this.keep();
  };

  readonly #changedElsewhere = ({ key, newValue, storageArea }: StorageEvent): void => {
    const { persist, state } = this.#element;
    if (persist === 'none' || state === 'generating') return;
    if (key !== keyOf(this.#name) || storageArea !== storageOf(persist)) return;
    const messages = newValue === null ? [] : this.read()?.messages;
    // A question stands last while the other tab answers it.
    if (messages !== undefined && messages.at(-1)?.role !== 'user') this.#take(messages);
  };
}

function storageOf(persistence: 'session' | 'local'): Storage {
  return persistence === 'local' ? window.localStorage : window.sessionStorage;
}

function keyOf(key: string): string {
  return `forgelight-chat:${key}`;
}
