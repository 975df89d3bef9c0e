import { randomUUID } from 'node:crypto';
import { mkdir, open, opendir, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StoreFullError } from '../store-files';

/** `null` where the file is not there, or of /proc the process that it told of; other failures throw. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') return null;
    throw error;
  }
}

/** The same, with a name for a disk or a quota that is full. */
export async function orFull<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new StoreFullError('The disk is full.', { cause: error });
    throw error;
  }
}

/**
 * A folder with all above it; `mode` is that of what is made. Rejects with the system's error where something else is in the way. Not Node's `recursive`:
 * that asks for ever, and lets no signal in, where the system says ENOENT of a name in a folder that is there, as /proc does.
 */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  try {
    return await makeOne(folder, mode);
  } catch (error) {
    const above = dirname(folder);
    if (codeOf(error) !== 'ENOENT' || above === folder) throw error;
    await makeFolder(above, mode);
  }
  await makeOne(folder, mode);
}

async function makeOne(folder: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    await (await opendir(folder)).close(); // a link that leads nowhere, or a file: it says so
  }
}

/** Makes the names in a folder survive a crash. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows writes them by itself, and opens no folders.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Of a file and of the folders that are made for it; what is not given is the system's usual. */
export interface Modes {
  readonly file?: number;
  readonly folder?: number;
}

/** A file that is as before or as `text` says, whatever happens; durable when it resolves. */
export async function writeWhole(path: string, text: string, modes: Modes = {}): Promise<void> {
  await makeFolder(dirname(path), modes.folder);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx', modes.file);
    try {
      await orFull(handle.writeFile(text));
      await orFull(handle.sync());
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlessMissing(unlink(temporary));
    throw error;
  }
  await syncFolder(dirname(path));
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
