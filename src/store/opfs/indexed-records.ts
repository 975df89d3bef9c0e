import type { RecordKind, StoredRecord, StoreRecords } from '../store-records';
import { named } from './opfs-handles';

const KINDS: readonly RecordKind[] = ['models', 'parts'];

/**
 * Records in an IndexedDB of their own. Connects for one transaction: a connection that stayed would block whoever deletes the
 * database. What is written is on the disk when it resolves (`durability: 'strict'`); a kept file must not outlive its record.
 */
export class IndexedRecords implements StoreRecords {
  constructor(
    private readonly factory: IDBFactory,
    private readonly name: string,
  ) {}

  async get(kind: RecordKind, key: string): Promise<StoredRecord> {
    const value: unknown = await this.transact(kind, 'readonly', (records) => records.get(key));
    return value === undefined ? { state: 'absent' } : { state: 'there', value };
  }

  async put(kind: RecordKind, key: string, value: unknown): Promise<void> {
    await this.transact(kind, 'readwrite', (records) => records.put(value, key));
  }

  async delete(kind: RecordKind, key: string): Promise<void> {
    await this.transact(kind, 'readwrite', (records) => records.delete(key));
  }

  async keys(kind: RecordKind): Promise<readonly string[]> {
    const keys = await this.transact(kind, 'readonly', (records) => records.getAllKeys());
    return keys.map(String);
  }

  /** Resolves when the transaction is complete, not only its request. */
  private async transact<T>(
    kind: RecordKind,
    mode: IDBTransactionMode,
    ask: (records: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    const database = await this.open();
    try {
      return await new Promise<T>((resolve, reject) => {
        const transaction = database.transaction(kind, mode, { durability: 'strict' });
        const request = ask(transaction.objectStore(kind));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(named(transaction.error ?? new Error('The transaction was aborted.')));
      });
    } finally {
      database.close();
    }
  }

  private open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const request = this.factory.open(this.name, 1);
      request.onupgradeneeded = () => {
        for (const kind of KINDS) request.result.createObjectStore(kind);
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(named(request.error ?? new Error('The database could not be opened.')));
    });
  }
}
