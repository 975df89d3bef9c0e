import { readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordKind, StoredRecord, StoreRecords } from '../store-records';
import { syncFolder, unlessMissing, writeWhole } from './durable';

const SUFFIX = '.json';

/** Records as JSON files, each written whole. Keys are names of files already. */
export class NodeRecords implements StoreRecords {
  constructor(private readonly root: string) {}

  async get(kind: RecordKind, key: string): Promise<StoredRecord> {
    const text = await unlessMissing(readFile(this.place(kind, key), 'utf8'));
    if (text === null) return { state: 'absent' };
    try {
      return { state: 'there', value: JSON.parse(text) };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return { state: 'unreadable', reason: error.message };
    }
  }

  put(kind: RecordKind, key: string, value: unknown): Promise<void> {
    return writeWhole(this.place(kind, key), JSON.stringify(value));
  }

  async delete(kind: RecordKind, key: string): Promise<void> {
    const removed = await unlessMissing(unlink(this.place(kind, key)).then(() => true));
    if (removed !== null) await syncFolder(this.folder(kind));
  }

  async keys(kind: RecordKind): Promise<readonly string[]> {
    const names = (await unlessMissing(readdir(this.folder(kind)))) ?? [];
    return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
  }

  private folder(kind: RecordKind): string {
    return join(this.root, 'records', kind);
  }

  private place(kind: RecordKind, key: string): string {
    return join(this.folder(kind), `${key}${SUFFIX}`);
  }
}
