import { entries, get, promisifyRequest, set, type UseStore } from 'idb-keyval';
import type { Clock } from '../base/clock';
import type { VariantCache } from '../models/choose-variants';

const DATABASE = 'forgelight-variants';
const STORE = 'variants';
/** Long for a database, short for someone who waits for a model. */
const ANSWER_MS = 3_000;

export interface VariantCacheOptions {
  readonly clock: Clock;
  /** Hears why something was not remembered. */
  readonly report: (error: unknown) => void;
}

/**
 * Kernel choices kept in IndexedDB. A browser that refuses storage (private windows, blocked cookies), or a tab that blocks
 * it, only costs the memory of the probe, so failures are reported and the load goes on.
 */
export function createVariantCache({ clock, report }: VariantCacheOptions): VariantCache {
  async function attempt<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await inTime(work, clock);
    } catch (error) {
      report(error);
      return null;
    }
  }
  return {
    get: async (key) => (await attempt(get<unknown>(key, transact))) ?? null,
    set: async (key, variants) => {
      await attempt(set(key, variants, transact));
    },
  };
}

/** All that is kept, whatever wrote it; nothing where there is no storage. */
export async function keptVariants({ clock, report }: VariantCacheOptions): Promise<readonly [string, unknown][]> {
  try {
    return await inTime(entries<string, unknown>(transact), clock);
  } catch (error) {
    report(error);
    return [];
  }
}

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

function inTime<T>(work: Promise<T>, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopTimer = clock.after(ANSWER_MS, () => {
      reject(new Error(`The browser's storage did not answer within ${ANSWER_MS} ms.`));
    });
    void work.then(resolve, reject).finally(stopTimer);
  });
}
