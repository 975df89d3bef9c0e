import type { Clock } from '../../base/clock';
import { StoreFullError } from '../store-files';
import { pause } from '../waiting';

/** What TypeScript knows of workers only: https://fs.spec.whatwg.org/#api-filesystemsyncaccesshandle */
export interface SyncAccessHandle {
  read(buffer: Uint8Array, options: { readonly at: number }): number;
  write(buffer: Uint8Array, options: { readonly at: number }): number;
  flush(): void;
  getSize(): number;
  truncate(sizeBytes: number): void;
  close(): void;
}

export interface OpfsFileHandle extends FileSystemFileHandle {
  /** In dedicated workers only. */
  createSyncAccessHandle?(): Promise<SyncAccessHandle>;
  /** Not everywhere yet. */
  move?(parent: FileSystemDirectoryHandle, name: string): Promise<void>;
}

const RETRY_MS = 20;
/** A handle of a tab that was closed is free within a tenth of a second; one that is not by now is somebody's. */
const RETRIES = 150;
const NEVER = new AbortController().signal;

export function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

/** `null` where the file is not there; other failures throw. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return null;
    throw error;
  }
}

/** Throws `StoreFullError` for a quota that is used up. */
export function named(error: unknown): unknown {
  if (!isNamed(error, 'QuotaExceededError')) return error;
  return new StoreFullError('The quota of this origin is used up.', { cause: error });
}

/** Does again what fails because somebody who is just gone still has the file open. */
export async function onceFree<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isNamed(error, 'NoModificationAllowedError') || retry >= RETRIES) throw named(error);
    }
    await pause(clock, RETRY_MS, NEVER);
  }
}

/** For writing, by one at a time. */
export async function syncHandle(file: OpfsFileHandle, clock: Clock): Promise<SyncAccessHandle> {
  return onceFree(clock, async () => {
    if (file.createSyncAccessHandle === undefined) throw new Error('Files are written in a dedicated worker only.');
    return file.createSyncAccessHandle();
  });
}
