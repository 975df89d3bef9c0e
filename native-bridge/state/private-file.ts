import { readFile } from 'node:fs/promises';
import { ForgelightError } from '../../src/base/errors';
import { unlessMissing, writeWhole } from '../../src/store/node-fs/durable';
import { StoreFullError } from '../../src/store/store-files';

/** Nobody but the user's own account may read what is kept here. */
const PRIVATE = { file: 0o600, folder: 0o700 };

/** Written whole or not at all, and only for this user's eyes. Throws `quota-exceeded` where there is no room. `write` is for tests. */
export async function writePrivate(path: string, value: unknown, write = writeWhole): Promise<void> {
  try {
    await write(path, `${JSON.stringify(value, null, 2)}\n`, PRIVATE);
  } catch (error) {
    if (!(error instanceof StoreFullError)) throw error;
    const message = `There is no room for ${path}. Free some disk space, or name another folder: FORGELIGHT_STATE.`;
    throw new ForgelightError('quota-exceeded', message, { cause: error });
  }
}

/** The text of a file; `null` where there is none. */
export function readIfThere(path: string): Promise<string | null> {
  return unlessMissing(readFile(path, 'utf8'));
}
