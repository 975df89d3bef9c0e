import { readFile } from 'node:fs/promises';
import { unlessMissing, writeWhole } from '../../src/store/node-fs/durable';

/** Nobody but the user's own account may read what is kept here. */
const PRIVATE = { file: 0o600, folder: 0o700 };

/** Written whole or not at all, and only for this user's eyes. */
export function writePrivate(path: string, value: unknown): Promise<void> {
  return writeWhole(path, `${JSON.stringify(value, null, 2)}\n`, PRIVATE);
}

/** The text of a file; `null` where there is none. */
export function readIfThere(path: string): Promise<string | null> {
  return unlessMissing(readFile(path, 'utf8'));
}
