import { del, get, promisifyRequest, values, type UseStore } from 'idb-keyval';
import type { ConversationDatabase } from './conversation-ports';

const DATABASE = 'forgelight-conversations';
const STORE = 'conversations';

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
  return {
    readAll: () => values<unknown>(transact),
    read: (id) => get<unknown>(id, transact),
    change: (id, change) =>
      transact('readwrite', async (store) => {
        const next = change(await promisifyRequest<unknown>(store.get(id)));
        if (next !== null) store.put(next, id);
        await promisifyRequest(store.transaction);
      }),
    remove: (id) => del(id, transact),
  };
}
