import type { ChatStore } from './chat-store';
import { TEXT } from './messages';

const NAME = 'forgelight-conversations';

/** Hands a file with one conversation, or with all of them (`null`), over to the browser's downloads. What comes of it is said. */
export async function exportChats(store: ChatStore, id: number | null): Promise<void> {
  const file = new File([store.exportChats(id)], fileName(store.clock.now()), { type: 'application/json' });
  try {
    const { saveHost } = await import('./library-tools');
    saveHost().download(file, file.name);
  } catch (error) {
    return store.announce(TEXT.chats.exportFailed(error instanceof Error ? error.message : String(error)), true);
  }
  store.announce(TEXT.chats.exported(file.name));
}

/** Resolves with why the file was not taken; `null`: it was. */
export async function importChats(store: ChatStore, file: File): Promise<string | null> {
  let text: string;
  try {
    text = await file.text();
  } catch (error) {
    const problem = TEXT.chats.importFailed(file.name, error instanceof Error ? error.message : String(error));
    store.announce(problem, true);
    return problem;
  }
  return store.importChats(file.name, text);
}

function fileName(nowMs: number): string {
  return `${NAME}-${new Date(nowMs).toISOString().slice(0, 10)}.json`;
}
