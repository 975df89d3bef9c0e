import { del, get, promisifyRequest, type UseStore } from 'idb-keyval';
import type { ConversationDatabase } from './conversation-ports';

const DATABASE = 'forgelight-conversations';
const STORE = 'conversations';
/** Beside the records: how often they were changed. */
const CHANGES = 'changes';

/** The browser's: a database of its own, whose writes are on the disk when they resolve. */
export function conversationDatabase(name = DATABASE): ConversationDatabase {
  /** Connects for one transaction: a connection that stayed would block whoever deletes the database. */
  const transact: UseStore = async (mode, work) => {
    const request = indexedDB.open(name);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    const database = await promisifyRequest(request);
    try {
      return await work(database.transaction(STORE, mode, { durability: 'strict' }).objectStore(STORE));
    } finally {
      database.close();
    }
  };
  /** So many changes are known here; it stays behind from the first one of another tab until all is read. */
  let known = -1;
  const countOf = async (store: IDBObjectStore): Promise<number> => {
    const count = await promisifyRequest<unknown>(store.get(CHANGES));
    return typeof count === 'number' ? count : 0;
  };
  return {
    readAll: () =>
      transact('readonly', async (store) => {
        known = await countOf(store);
        const all = await promisifyRequest<unknown[]>(store.getAll());
        return all.filter((record) => typeof record !== 'number');
      }),
    hasNews: () => transact('readonly', async (store) => (await countOf(store)) !== known),
    read: (id) => get<unknown>(id, transact),
    change: (id, change) =>
      transact('readwrite', async (store) => {
        const next = change(await promisifyRequest<unknown>(store.get(id)));
        if (next !== null) {
          const count = await countOf(store);
          store.put(next, id);
          store.put(count + 1, CHANGES);
          if (count === known) known = count + 1;
        }
        await promisifyRequest(store.transaction);
      }).catch((error: unknown) => {
        // Nobody knows how far it came: all is read when the page is looked at next.
        known = -1;
        throw error;
      }),
    remove: (id) => del(id, transact),
  };
}
