import type { Result } from '../protocol/engine-port';
import type { ModelEntry, StoreEntry } from './store-list';

/** What to fetch into the store: as `createEngine` takes it. */
export interface PullOptions {
  readonly model: string;
  readonly sha256?: string;
  readonly mirrors?: readonly string[];
  readonly hubToken?: string;
  readonly timeouts?: { readonly stallMs?: number };
}

export interface PullProgress {
  readonly loaded: number;
  /** 0 while the size is not known. */
  readonly total: number;
  /** Bytes that were in the store before. */
  readonly resumed: number;
}

export interface OpenedExport {
  readonly id: number;
  readonly sizeBytes: number;
  readonly fileName: string;
}

/**
 * The store of the host's origin, as calls that cross Comlink. Whoever calls numbers its pulls, and gives back the exports that it
 * opened. Errors cross as data.
 */
export interface StoreHost {
  list(): Promise<Result<readonly StoreEntry[]>>;
  couldGo(missingBytes: number): Promise<Result<readonly ModelEntry[]>>;
  usageBytes(): Promise<Result<number | null>>;
  delete(sha256: string): Promise<Result<boolean>>;
  discard(address: string): Promise<Result<boolean>>;
  /** Resolves with the SHA-256 of each file that the model has. */
  pull(
    id: number,
    options: PullOptions,
    onProgress: (progress: PullProgress) => void,
    persist: () => void,
  ): Promise<Result<readonly string[]>>;
  repair(id: number, sha256: string): Promise<Result<void>>;
  /** Ends a pull or repair; its promise then resolves with `aborted`. */
  abort(id: number): void;
  openExport(sha256: string): Promise<Result<OpenedExport>>;
  /** `null` behind the last bytes; it is given back then. */
  readExport(id: number): Promise<Result<Uint8Array | null>>;
  closeExport(id: number): Promise<void>;
}
