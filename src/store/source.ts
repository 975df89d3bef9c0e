import type { ByteStream } from '../base/byte-stream';

export type { ByteStream } from '../base/byte-stream';

/** Where a model's bytes come from: an address, or a file of the user's. */
export interface ModelSource {
  /** Names the model in messages and progress: the address, or the file's name. */
  readonly label: string;
  /**
   * Starts reading at the first byte. `signal` counts until the stream has ended: aborted, everything pending rejects with
   * its reason. Rejects with `network`, `timeout`, `range-unsupported` or `corrupt-model`; so does the stream.
   */
  open(signal: AbortSignal): Promise<OpenedModel>;
}

export interface OpenedModel {
  /** The caller's: read to its end or cancelled. */
  readonly stream: ByteStream;
  /** `null` while the server does not say. */
  readonly sizeBytes: number | null;
  /** What the server says the file's SHA-256 is (`x-linked-etag`), lower-case hex; `null` where it says nothing. */
  readonly sha256: string | null;
  /** The last part of the address, or the file's name. */
  readonly fileName: string;
}
