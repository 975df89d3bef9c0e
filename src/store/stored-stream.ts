import type { ByteStream } from '../base/byte-stream';
import { ForgelightError } from '../base/errors';
import { MIB } from '../base/units';
import type { RunningHash } from './hashing';
import type { ModelRecord } from './model-record';
import type { StoredFile } from './store-files';
import { orAbort } from './waiting';

const READ_BYTES = MIB;

export interface StoredStreamOptions {
  readonly record: ModelRecord;
  /** The stream's to close. */
  readonly file: StoredFile;
  readonly hash: RunningHash;
  readonly signal: AbortSignal;
  /** The bytes are not those of the record: it is to be put in quarantine. The file is closed. */
  readonly onDamage: (reason: string) => Promise<void>;
  /** All of it was read and is right. */
  readonly onProven: () => Promise<void>;
  /** Hears that the file could not be closed or put in quarantine. */
  readonly report: (error: unknown) => void;
}

/** A model out of the store. The last read throws `corrupt-model` when the bytes are not what they were. */
export class StoredStream implements ByteStream {
  private readonly stop = new AbortController();
  private position = 0;
  private proven: string | null = null;
  private closing: Promise<void> | null = null;

  constructor(private readonly options: StoredStreamOptions) {
    const { signal } = options;
    if (signal.aborted) this.abort();
    else signal.addEventListener('abort', this.abort, { once: true });
  }

  /** After the stream's end. */
  digest(): string {
    return this.proven ?? this.options.hash.soFar();
  }

  async read(): Promise<Uint8Array | null> {
    if (this.proven !== null) return null;
    this.stop.signal.throwIfAborted();
    try {
      return await this.readOn();
    } catch (error) {
      this.stop.abort(error);
      await this.close();
      throw error;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.stop.abort(reason);
    await this.close();
  }

  private async readOn(): Promise<Uint8Array | null> {
    const { file, record, hash } = this.options;
    if (this.position < record.sizeBytes) {
      const maxBytes = Math.min(READ_BYTES, record.sizeBytes - this.position);
      const bytes = await orAbort(file.read(this.position, maxBytes), this.stop.signal);
      if (bytes.length === 0) throw await this.damaged(`its file ends after ${this.position} bytes`);
      hash.update(bytes);
      this.position += bytes.length;
      return bytes;
    }
    const sha256 = hash.soFar();
    if (sha256 !== record.sha256) throw await this.damaged(`the SHA-256 of its bytes is ${sha256}`);
    this.proven = sha256;
    await this.close();
    await this.options.onProven();
    return null;
  }

  private async damaged(reason: string): Promise<ForgelightError> {
    await this.close();
    // Where that fails the next load finds the same: it is told either way.
    await this.options.onDamage(reason).catch(this.options.report);
    return damagedModel(this.options.record, reason);
  }

  private readonly abort = (): void => void this.cancel(this.options.signal.reason);

  private close(): Promise<void> {
    this.options.signal.removeEventListener('abort', this.abort);
    this.closing ??= this.options.file.close().catch(this.options.report);
    return this.closing;
  }
}

/** What a user is told of a damaged model, and what to do. */
export function damagedModel(
  { fileName, sha256 }: Pick<ModelRecord, 'fileName' | 'sha256'>,
  reason: string,
): ForgelightError {
  const message =
    `The stored copy of ${fileName} is damaged: ${reason}. It was put aside. Load it again from its address, or repair ` +
    `${sha256.slice(0, 12)}, to fetch it anew.`;
  return new ForgelightError('corrupt-model', message);
}
