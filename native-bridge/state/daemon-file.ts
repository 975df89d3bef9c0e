import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { unlessMissing } from '../../src/store/node-fs/durable';
import { lifeOf } from '../../src/store/node-fs/processes';
import { readIfThere, writePrivate } from './private-file';

const schema = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** When that process began: after a power loss another one has its number. */
  started: v.string(),
  host: v.string(),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  /** Of this run alone: whoever can read the file is this user, and may administer the daemon. */
  key: v.string(),
});

export type DaemonRecord = v.InferOutput<typeof schema>;

export type FoundDaemon =
  | { readonly status: 'none' }
  /** Its process is gone: it was killed. The file means nothing any more. */
  | { readonly status: 'stale'; readonly record: DaemonRecord | null }
  /** `isCertain`: that it is the daemon which has this number. */
  | { readonly status: 'running'; readonly record: DaemonRecord; readonly isCertain: boolean };

const fileIn = (folder: string): string => join(folder, 'daemon.json');

/** What the state folder says of a running daemon. `life` is for tests. */
export async function findDaemon(folder: string, life = lifeOf): Promise<FoundDaemon> {
  const text = await readIfThere(fileIn(folder));
  if (text === null) return { status: 'none' };
  const record = parse(text);
  if (record === null) return { status: 'stale', record };
  const is = await life(record);
  return is === 'gone' ? { status: 'stale', record } : { status: 'running', record, isCertain: is === 'lives' };
}

export function writeDaemonFile(folder: string, record: DaemonRecord): Promise<void> {
  return writePrivate(fileIn(folder), record);
}

/** Takes the file away if it still is this daemon's. */
export async function removeDaemonFile(folder: string, record: DaemonRecord): Promise<void> {
  const found = parse((await readIfThere(fileIn(folder))) ?? '');
  if (found?.key === record.key) await unlessMissing(unlink(fileIn(folder)));
}

function parse(text: string): DaemonRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null; // not written by a daemon
  }
  const result = v.safeParse(schema, value);
  return result.success ? result.output : null;
}
