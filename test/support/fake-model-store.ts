import { ForgelightError, type ErrorCode } from '../../src/base/errors';
import type {
  ModelEntry,
  ModelExport,
  ModelStore,
  PartialEntry,
  StorageRoom,
  StoreEntry,
} from '../../src/client/index';

export function keptModel(about: Partial<ModelEntry> = {}): ModelEntry {
  const day = Date.UTC(2026, 4, 17, 12);
  return {
    state: 'ok',
    sha256: '1'.repeat(64),
    fileName: 'small.gguf',
    sizeBytes: 98_362_432,
    names: ['https://example.org/small.gguf'],
    createdAt: day,
    lastUsedAt: day,
    reason: null,
    ...about,
  };
}

export function unfinished(about: Partial<PartialEntry> = {}): PartialEntry {
  return {
    state: 'partial',
    address: 'https://example.org/large.gguf',
    fileName: 'large.gguf',
    receivedBytes: 40_000_000,
    sizeBytes: 98_000_000,
    reason: null,
    ...about,
  };
}

/** One of each kind. */
export const KEPT: readonly StoreEntry[] = [
  keptModel(),
  keptModel({
    state: 'corrupt',
    sha256: '2'.repeat(64),
    fileName: 'a-name-that-is-longer-than-a-narrow-window-has-room-for-Q4_K_M.gguf',
    reason: 'Its bytes have another hash than the one they are kept under.',
  }),
  unfinished(),
];

/** A model in two files, and half of another one. */
export const SPLIT: readonly StoreEntry[] = [
  ...(['a-00001-of-00002.gguf', 'a-00002-of-00002.gguf', 'b-00001-of-00002.gguf'] as const).map((fileName, index) =>
    keptModel({
      fileName,
      sha256: String(index + 3).repeat(64),
      sizeBytes: 100_000_000,
      names: [`https://example.org/${fileName}`],
    }),
  ),
  unfinished({ fileName: 'b-00002-of-00002.gguf', address: 'https://example.org/b-00002-of-00002.gguf' }),
];

/** A store in memory. Calls throw what `failWith` says; those that `hold` stops wait for `release`. */
export class FakeModelStore implements ModelStore {
  entries: readonly StoreEntry[] = KEPT;
  failWith: ErrorCode | null = null;
  closed = false;
  readonly calls: string[] = [];
  #held: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  hold(): void {
    this.#held = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#release();
  }

  async list(): Promise<readonly StoreEntry[]> {
    const { entries } = this;
    await this.#call('list');
    return entries;
  }

  async couldGo(): Promise<readonly ModelEntry[]> {
    return [];
  }

  async usageBytes(): Promise<number | null> {
    return 240_000_000;
  }

  /** What the browser says of itself; `persist` is granted where it is not refused. */
  roomNow: StorageRoom = { usageBytes: 240_000_000, quotaBytes: 10_240_000_000, isPersistent: false };
  refusesToPersist = false;

  async room(): Promise<StorageRoom> {
    return this.roomNow;
  }

  async persist(): Promise<boolean> {
    await this.#call('persist');
    if (!this.refusesToPersist) this.roomNow = { ...this.roomNow, isPersistent: true };
    return !this.refusesToPersist;
  }

  async delete(sha256: string): Promise<boolean> {
    await this.#call(`delete ${sha256.slice(0, 1)}`);
    return this.#remove((entry) => entry.state !== 'partial' && entry.sha256 === sha256);
  }

  async discard(address: string): Promise<boolean> {
    await this.#call(`discard ${address}`);
    return this.#remove((entry) => entry.state === 'partial' && entry.address === address);
  }

  async pull(): Promise<readonly string[]> {
    return [];
  }

  async repair(sha256: string): Promise<void> {
    await this.#call(`repair ${sha256.slice(0, 1)}`);
    this.entries = this.entries.map((entry) =>
      entry.state !== 'partial' && entry.sha256 === sha256 ? { ...entry, state: 'ok', reason: null } : entry,
    );
  }

  async export(sha256: string): Promise<ModelExport> {
    await this.#call(`export ${sha256.slice(0, 1)}`);
    return { stream: new Blob(['GGUF']).stream(), sizeBytes: 4, fileName: 'small.gguf' };
  }

  close(): void {
    this.closed = true;
  }

  async #call(name: string): Promise<void> {
    this.calls.push(name);
    await this.#held;
    if (this.failWith !== null) throw new ForgelightError(this.failWith, `${name} at offset 17`);
  }

  #remove(isGone: (entry: StoreEntry) => boolean): boolean {
    const left = this.entries.filter((entry) => !isGone(entry));
    const removed = left.length < this.entries.length;
    this.entries = left;
    return removed;
  }
}
