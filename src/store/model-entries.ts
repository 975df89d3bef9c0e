import { ForgelightError } from '../base/errors';
import { readModelRecord, salvaged, type ModelRecord } from './model-record';
import type { StoredFile } from './store-files';
import { blobPath, lockName, partPath, quarantinePath } from './store-names';
import type { StorePorts } from './store-ports';

/** What there is under a hash. `file` is the caller's to close. */
export type StoredModel =
  | { readonly state: 'ok'; readonly record: ModelRecord; readonly file: StoredFile }
  | { readonly state: 'absent' }
  | { readonly state: 'corrupt'; readonly reason: string; readonly record: ModelRecord | null };

/** A download whose bytes are all in its part file, flushed, closed and proven. */
export interface FinishedPart {
  readonly key: string;
  readonly address: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

const NEVER = new AbortController().signal;

/** The whole models of a store: the only one who reads and writes their records. Each change is under the entry's lock. */
export class ModelEntries {
  constructor(
    private readonly ports: StorePorts,
    /** Milliseconds since 1970. */
    private readonly now: () => number,
  ) {}

  /**
   * The one reader. What it calls `ok` has a valid record and a file of the right size; its bytes are hashed by each load.
   * Without the `blob` lock it may be removed afterwards.
   */
  async read(sha256: string): Promise<StoredModel> {
    const found = await this.look(sha256);
    // It may be somebody's half-done change: while the lock is held there is none.
    return found.state === 'corrupt' ? this.changing(sha256, () => this.look(sha256)) : found;
  }

  async hashes(): Promise<readonly string[]> {
    return this.ports.records.keys('models');
  }

  /** The model that an address is known to be, the latest where there are several; `null` where it is not known. */
  async find(address: string): Promise<string | null> {
    const named = (await this.valid()).filter(({ names }) => names.includes(address));
    return named.toSorted((a, b) => b.createdAt - a.createdAt)[0]?.sha256 ?? null;
  }

  /** The addresses that it came from, also of a damaged one. */
  async namesOf(sha256: string): Promise<readonly string[]> {
    const stored = await this.ports.records.get('models', sha256);
    return stored.state === 'absent' ? [] : salvaged(stored, sha256, 0).names;
  }

  /** Makes a finished download a model, or drops it where the same file is there already. Ends with the journal. */
  async commit(part: FinishedPart): Promise<void> {
    const { sha256, address, key } = part;
    const { files, records } = this.ports;
    // Before it gets the name: in between, the journal knows.
    await this.unname(address, sha256);
    await this.changing(sha256, async () => {
      const found = await this.look(sha256);
      if (found.state === 'ok') {
        await found.file.close();
        await this.put(named(found.record, address, this.now()));
        return;
      }
      if (!(await files.move(partPath(key), blobPath(sha256)))) throw new Error('The part file of a download is gone.');
      const names = found.state === 'corrupt' ? await this.namesOf(sha256) : [];
      await this.put(named(this.fresh(part, names), address, this.now()));
      await files.remove(quarantinePath(sha256));
    });
    await files.remove(partPath(key));
    await records.delete('parts', key);
  }

  /** A file whose move into place is done and whose record is not, because something ended in between: back to its part. */
  async takeBack(sha256: string, key: string): Promise<void> {
    await this.changing(sha256, async () => {
      const found = await this.look(sha256);
      if (found.state === 'ok') await found.file.close();
      else await this.ports.files.move(blobPath(sha256), partPath(key));
    });
  }

  /** `address` is the same file. */
  async addName(sha256: string, address: string): Promise<void> {
    await this.unname(address, sha256);
    await this.update(sha256, (record) =>
      record.names.includes(address) ? record : named(record, address, this.now()),
    );
  }

  /** These addresses stand for it no longer. */
  async removeNames(sha256: string, addresses: readonly string[]): Promise<void> {
    await this.update(sha256, (record) => ({
      ...record,
      names: record.names.filter((name) => !addresses.includes(name)),
    }));
  }

  /** It is used now. */
  async touch(sha256: string): Promise<void> {
    await this.update(sha256, (record) => ({ ...record, lastUsedAt: this.now() }));
  }

  /**
   * Says that a model is damaged: it is not given out any more, until it is fetched again or deleted. `seen`: the record that
   * was believed, so that what was repaired meanwhile stays; `null` where it was not valid.
   */
  async quarantine(sha256: string, reason: string, seen: ModelRecord | null): Promise<void> {
    const { locks, records, files } = this.ports;
    // Who reads it, does so to the end; the file is moved once nobody does.
    const alone = await locks.tryAcquire(lockName.blob(sha256), 'exclusive');
    try {
      await this.changing(sha256, async () => {
        const stored = await records.get('models', sha256);
        const read = readModelRecord(stored, sha256);
        if (read.state === 'absent') return;
        const current = read.state === 'valid' ? read.record : null;
        if (current?.createdAt !== seen?.createdAt) return;
        const base = current ?? salvaged(stored, sha256, this.now());
        if (base.quarantine === null) await this.put({ ...base, quarantine: { reason, at: this.now() } });
        if (alone !== null) await files.move(blobPath(sha256), quarantinePath(sha256));
      });
    } finally {
      alone?.release();
    }
  }

  /** Removes record and file; `false` where there was neither. `busy` while anybody has it loaded. */
  async delete(sha256: string): Promise<boolean> {
    const { locks, records, files } = this.ports;
    const alone = await locks.tryAcquire(lockName.blob(sha256), 'exclusive');
    if (alone === null) throw await this.inUse(sha256);
    try {
      return await this.changing(sha256, async () => {
        const { state } = await records.get('models', sha256);
        // The record first: a file without one is nothing, a record without a file would be damage.
        if (state !== 'absent') await records.delete('models', sha256);
        const removed = [await files.remove(blobPath(sha256)), await files.remove(quarantinePath(sha256))];
        return state !== 'absent' || removed.includes(true);
      });
    } finally {
      alone.release();
    }
  }

  /** Runs `change` while nobody else changes what is known of this model. */
  async changing<T>(sha256: string, change: () => Promise<T>): Promise<T> {
    const lock = await this.ports.locks.acquire(lockName.entry(sha256), { mode: 'exclusive', signal: NEVER });
    try {
      return await change();
    } finally {
      lock.release();
    }
  }

  private async look(sha256: string): Promise<StoredModel> {
    const { records, files } = this.ports;
    const read = readModelRecord(await records.get('models', sha256), sha256);
    if (read.state === 'absent') return read;
    if (read.state === 'invalid')
      return { state: 'corrupt', reason: `its record is damaged (${read.reason})`, record: null };
    const { record } = read;
    if (record.quarantine !== null) return { state: 'corrupt', reason: record.quarantine.reason, record };
    const file = await files.open(blobPath(sha256));
    if (file === null) return { state: 'corrupt', reason: 'its file is missing', record };
    if (file.sizeBytes === record.sizeBytes) return { state: 'ok', record, file };
    await file.close();
    const reason = `its file has ${file.sizeBytes} bytes instead of ${record.sizeBytes}`;
    return { state: 'corrupt', reason, record };
  }

  private async valid(): Promise<ModelRecord[]> {
    const { records } = this.ports;
    const valid: ModelRecord[] = [];
    for (const sha256 of await records.keys('models')) {
      const read = readModelRecord(await records.get('models', sha256), sha256);
      if (read.state === 'valid') valid.push(read.record);
    }
    return valid;
  }

  /** An address is the name of one model: it is the file that was fetched last. */
  private async unname(address: string, except: string): Promise<void> {
    for (const { sha256, names } of await this.valid()) {
      if (sha256 === except || !names.includes(address)) continue;
      await this.update(sha256, (record) => ({ ...record, names: record.names.filter((name) => name !== address) }));
    }
  }

  private async update(sha256: string, change: (record: ModelRecord) => ModelRecord): Promise<void> {
    await this.changing(sha256, async () => {
      const read = readModelRecord(await this.ports.records.get('models', sha256), sha256);
      if (read.state !== 'valid') return;
      const next = change(read.record);
      if (next !== read.record) await this.put(next);
    });
  }

  private put(record: ModelRecord): Promise<void> {
    return this.ports.records.put('models', record.sha256, record);
  }

  private fresh({ sha256, sizeBytes, fileName }: FinishedPart, names: readonly string[]): ModelRecord {
    const createdAt = this.now();
    return {
      version: 1,
      sha256,
      sizeBytes,
      fileName,
      names: [...names],
      createdAt,
      lastUsedAt: createdAt,
      quarantine: null,
    };
  }

  private async inUse(sha256: string): Promise<ForgelightError> {
    const read = readModelRecord(await this.ports.records.get('models', sha256), sha256);
    const name = read.state === 'valid' ? read.record.fileName : sha256;
    const message = `${name} is in use, in this tab or another one. Close the engines that have it loaded, then delete it.`;
    return new ForgelightError('busy', message);
  }
}

function named(record: ModelRecord, address: string, nowMs: number): ModelRecord {
  return { ...record, names: [...new Set([...record.names, address])], lastUsedAt: nowMs };
}
