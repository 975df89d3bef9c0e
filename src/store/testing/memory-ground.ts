import type { FilePath } from '../store-files';
import type { RecordKind, StoredRecord } from '../store-records';
import { MemoryLocks } from './memory-locks';

/** A file as it is, and how much of its beginning would survive a crash. */
export interface MemoryFile {
  bytes: Uint8Array;
  durableBytes: number;
}

export type CrashKind = 'tab' | 'machine';

/** What all tabs share, and what is left when they are gone. */
export class MemoryGround {
  readonly files = new Map<FilePath, MemoryFile>();
  readonly records = new Map<string, StoredRecord>();
  readonly locks = new MemoryLocks();
  readonly listeners = new Map<object, (message: unknown) => void>();
  /** Bytes that all files together may have. */
  quotaBytes = Number.POSITIVE_INFINITY;
  /** Chooses what a crash leaves of what was not flushed; from 0 to below 1. */
  random: () => number = () => 0.5;

  get usedBytes(): number {
    return [...this.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** The machine goes down: of what was not flushed there is left as much as chance will have it, and not what was written. */
  loseUnflushed(): void {
    for (const file of this.files.values()) {
      const unflushed = file.bytes.length - file.durableBytes;
      const kept = file.durableBytes + Math.floor(this.random() * (unflushed + 1));
      file.bytes = file.bytes.slice(0, kept);
      const torn = file.durableBytes + Math.floor(this.random() * (kept - file.durableBytes));
      file.bytes.fill(0, torn);
      file.durableBytes = kept;
    }
  }

  /** A bit flips in the first file of the folder. */
  damage(folder: 'blobs' | 'parts'): boolean {
    const found = [...this.files].find(([path, { bytes }]) => path.startsWith(folder) && bytes.length > 0);
    if (found === undefined) return false;
    const [, { bytes }] = found;
    const index = Math.floor(this.random() * bytes.length);
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    return true;
  }

  /** A record of this kind is cut off in the middle of its text. */
  tear(kind: RecordKind): boolean {
    const key = [...this.records.keys()].find((name) => name.startsWith(`${kind}/`));
    if (key === undefined) return false;
    this.records.set(key, { state: 'unreadable', reason: 'Unexpected end of JSON input' });
    return true;
  }
}
