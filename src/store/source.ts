import type { ByteStream } from '../base/byte-stream';
import type { FileIdentity } from './file-identity';

export type { ByteStream } from '../base/byte-stream';

/** Where a model's bytes come from: an address, or a file of the user's. */
export interface ModelSource {
  /** Names the model in messages and progress: the address, or the file's name. */
  readonly label: string;
  /** What the store knows the file by: where it can be fetched again. None for a file of the user's, which is not kept. */
  readonly address?: string;
  /**
   * Starts reading at the first byte, or at `from` where the source can do that and the file is still the same: see `startsAt`.
   * `signal` counts until the stream has ended: aborted, everything pending rejects with its reason. Rejects with `network`,
   * `timeout`, `range-unsupported` or `corrupt-model`, and with `busy` or `quota-exceeded` where it keeps what it reads; so does
   * the stream.
   */
  open(signal: AbortSignal, from?: ResumePoint): Promise<OpenedModel>;
  /**
   * After what was opened last failed with `error`: whether it came from an address that turned out to have another file than is wanted, and there
   * are others, which the next `open` asks instead. See `overMirrors`.
   */
  passOver?(error: unknown): boolean;
}

/** Where an earlier, interrupted download of a file was. */
export interface ResumePoint {
  /** Bytes from the first on that are there. */
  readonly position: number;
  readonly identity: FileIdentity;
}

export interface OpenedModel {
  /** The caller's: read to its end or cancelled. */
  readonly stream: ByteStream;
  /** `null` while the server does not say. */
  readonly sizeBytes: number | null;
  /** What the server says the file's SHA-256 is (`x-linked-etag`), lower-case hex; of parts `splitIdentity`. `null` where it says nothing. */
  readonly sha256: string | null;
  /** The last part of the address, or the file's name. */
  readonly fileName: string;
  /** What is needed to go on later. */
  readonly identity?: FileIdentity;
  /** The stream's first byte: 0 by default, and also where going on was asked for and is not possible (`restarted`). */
  readonly startsAt?: number;
  /** Why a download that was to go on began again. */
  readonly restarted?: 'changed' | 'no-ranges';
  /** Bytes, from the first on, that were in the store already. */
  readonly resumedBytes?: number;
  /** What a user should know, in sentences: whole when the stream has ended. */
  readonly notes?: readonly string[];
  /** What the model is known by, where the source computes it: SHA-256 of all bytes, or `splitIdentity`; lower-case hex. Only after the stream's end. */
  readonly digest?: () => string;
}
