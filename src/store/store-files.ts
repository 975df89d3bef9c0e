/** Where whole models, unfinished ones and damaged ones are. */
export type StoreFolder = 'blobs' | 'parts' | 'quarantine';
export type FilePath = `${StoreFolder}/${string}`;

/**
 * The files of a store. That a file is not there is a value (`null`, `false`) and never asked before it is used; every other
 * failure throws, `StoreFullError` where there is no room. Who may write what is settled by `StoreLocks` before.
 */
export interface StoreFiles {
  /** For appending; made, empty, where there is none. */
  openPart(path: FilePath): Promise<PartFile>;
  /** For reading; `null` where there is none. */
  open(path: FilePath): Promise<StoredFile | null>;
  /**
   * Puts a file in the place of another, which it replaces; it is one or the other after a crash. Nobody may have either of
   * them open for writing. `false` where there is no `from`.
   */
  move(from: FilePath, to: FilePath): Promise<boolean>;
  /** `false` where there was none. */
  remove(path: FilePath): Promise<boolean>;
  /** In no order. */
  list(folder: StoreFolder): Promise<readonly ListedFile[]>;
}

export interface ListedFile {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface StoredFile {
  readonly sizeBytes: number;
  /** Up to `maxBytes` from `position` on; may be fewer. Empty at the end of the file and nowhere else. */
  read(position: number, maxBytes: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A file that grows. One owner, one call at a time. */
export interface PartFile extends StoredFile {
  /** How long it is now, whatever of it is durable. */
  readonly sizeBytes: number;
  /** All of `bytes`, or it throws; how much was written is then open until `truncate`. */
  append(bytes: Uint8Array): Promise<void>;
  /** When it resolves, all that was appended survives a crash. */
  flush(): Promise<void>;
  /** Cuts the file off. */
  truncate(sizeBytes: number): Promise<void>;
}

/** There is no room for what was to be written: the origin's quota, or the disk. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError';
}
