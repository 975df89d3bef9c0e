import { KIB, MIB } from '../base/units';
import type { FileIdentity } from './file-identity';
import { runningHash, type RunningHash } from './hashing';
import { readPartJournal, type PartJournal } from './model-record';
import type { StoreDeps } from './store-deps';
import { StoreFullError, type PartFile } from './store-files';
import { partPath } from './store-names';
import type { StorePorts } from './store-ports';

const LARGEST_GRAIN_BYTES = 8 * MIB;
const SMALLEST_GRAIN_BYTES = 256 * KIB;

/** What a crash may cost, and what the journal is written after: half a percent, within limits. */
export function journalGrain(sizeBytes: number): number {
  return Math.min(LARGEST_GRAIN_BYTES, Math.max(SMALLEST_GRAIN_BYTES, Math.floor(sizeBytes / 200)));
}

/** What is written down about the file besides how much of it is there. */
export interface PartSubject {
  readonly address: string;
  readonly fileName: string;
  readonly identity: FileIdentity;
}

/** The journal of an earlier download that can be gone on with, or why there is none. */
export type FoundPart =
  | { readonly state: 'none'; readonly note: string | null }
  | { readonly state: 'resumable'; readonly journal: PartJournal };

/**
 * The part file of a download and its journal. The order is the point: bytes, flush, journal. What the journal says is there.
 * Its owner holds the download's lock.
 */
export class PartWriter {
  /** The file may be longer than what it should hold: a write failed. */
  private dirty = false;
  private journaledBytes = 0;
  private closed = false;

  private constructor(
    private readonly ports: StorePorts,
    private readonly key: string,
    private readonly file: PartFile,
    private readonly hash: RunningHash,
    /** Bytes that were written or read back. */
    private position: number,
    private readonly grain: (sizeBytes: number) => number,
  ) {}

  static async open({ ports, journalGrain }: StoreDeps, key: string): Promise<PartWriter> {
    const file = await ports.files.openPart(partPath(key));
    return new PartWriter(ports, key, file, await runningHash(), 0, journalGrain);
  }

  get sizeBytes(): number {
    return this.position;
  }

  /** As long as the file is, which may be more or less than what a journal says. */
  get fileBytes(): number {
    return this.file.sizeBytes;
  }

  /** Leaves the first bytes of the file, which are then to be read back. */
  async keep(journaledBytes: number): Promise<void> {
    await this.file.truncate(journaledBytes);
    this.journaledBytes = journaledBytes;
  }

  /** Forgets everything: the journal first, because what it says has to be there. */
  async begin(): Promise<void> {
    await this.ports.records.delete('parts', this.key);
    await this.file.truncate(0);
    this.journaledBytes = 0;
  }

  /** The next bytes of what was kept, through the hash; empty where the file ends too early. */
  async readBack(maxBytes: number): Promise<Uint8Array> {
    const bytes = await this.file.read(this.position, Math.min(maxBytes, this.journaledBytes - this.position));
    this.hash.update(bytes);
    this.position += bytes.length;
    return bytes;
  }

  /** Of what was read back and written so far. */
  sha256(): string {
    return this.hash.soFar();
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.dirty = true;
    await this.file.append(bytes);
    this.dirty = false;
    this.hash.update(bytes);
    this.position += bytes.length;
  }

  /** Of bytes that are not kept any more: they count for the hash alone, and nothing is journaled from here on. */
  pass(bytes: Uint8Array): void {
    this.hash.update(bytes);
    this.position += bytes.length;
  }

  /** Whether so much came since the journal was written that it is time again. */
  isDue(sizeBytes: number | null): boolean {
    return this.position - this.journaledBytes >= this.grain(sizeBytes ?? this.position);
  }

  /** Makes durable what is there, then writes it down. */
  async journal({ address, fileName, identity }: PartSubject): Promise<void> {
    if (this.dirty) await this.file.truncate(this.position);
    this.dirty = false;
    await this.file.flush();
    // Some private windows drop what was written, without a word.
    if (this.file.sizeBytes < this.position) throw new StoreFullError('What was written is not there any more.');
    const { sizeBytes, etag, lastModified, sha256 } = identity;
    const record: PartJournal = {
      version: 1,
      address,
      fileName,
      identity: { sizeBytes, etag, lastModified, sha256 },
      durableBytes: this.position,
      durableSha256: this.hash.soFar(),
    };
    await this.ports.records.put('parts', this.key, record);
    this.journaledBytes = this.position;
  }

  /** Whether something is there that the journal does not know, and all of what it knows has been read back. */
  get isAhead(): boolean {
    return this.position > this.journaledBytes;
  }

  get isOpen(): boolean {
    return !this.closed;
  }

  /** May be called more than once. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.file.close();
  }

  /** Drops journal and file. */
  async discard(): Promise<void> {
    await this.ports.records.delete('parts', this.key);
    await this.close();
    await this.ports.files.remove(partPath(this.key));
  }
}

/** What the journal says; whether the file agrees is seen when it is opened. */
export async function findPart(ports: StorePorts, key: string, expectedSha256: string | null): Promise<FoundPart> {
  const read = readPartJournal(await ports.records.get('parts', key));
  switch (read.state) {
    case 'absent':
      return { state: 'none', note: null };
    case 'invalid':
      return { state: 'none', note: `The record of an earlier download is damaged (${read.reason}): it begins again.` };
    case 'valid': {
      const { identity, durableBytes } = read.record;
      if (durableBytes === 0) return { state: 'none', note: null };
      const { etag, lastModified, sha256 } = identity;
      if (expectedSha256 !== null && sha256 !== null && expectedSha256 !== sha256) {
        return { state: 'none', note: 'The earlier download was of another file: it begins again.' };
      }
      // Days may lie between: without any of these, a changed file of the same size would be mixed with the old one.
      if ([etag, lastModified, sha256, expectedSha256].every((known) => known === null)) {
        return {
          state: 'none',
          note: 'The server does not say whether the file is still the same: it is fetched again.',
        };
      }
      return { state: 'resumable', journal: read.record };
    }
  }
}
