import type { ExportedChat } from './exported-chat';
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

function keyOf(key: string): string {
  return `forgelight-chat:${key}`;
}
