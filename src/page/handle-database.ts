import { get, promisifyRequest, set, type UseStore } from 'idb-keyval';

const DATABASE = 'forgelight-files';
const STORE = 'files';
const KEY = 'recent';

export const loadRecent = (): Promise<unknown> => get<unknown>(KEY, transact);
export const saveRecent = (recent: readonly unknown[]): Promise<void> => set(KEY, recent, transact);

/** Connects for one transaction: a connection that stayed would block whoever deletes the database. */
const transact: UseStore = async (mode, work) => {
  const request = indexedDB.open(DATABASE);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  const database = await promisifyRequest(request);
  try {
    return await work(database.transaction(STORE, mode).objectStore(STORE));
  } finally {
    database.close();
  }
};
