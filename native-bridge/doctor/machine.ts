import { constants } from 'node:fs';
import { access, readdir, readFile, readlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Seen<T> = { readonly is: 'there'; readonly value: T } | { readonly is: 'absent' | 'denied' };

/** The computer as the doctor sees it. Paths are absolute; nothing is changed. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  read(path: string): Promise<Seen<string>>;
  /** Names in a folder, sorted; none where it is not there. */
  list(path: string): Promise<readonly string[]>;
  /** Where a link leads, as it says itself. */
  link(path: string): Promise<string | null>;
  /** Whether this user may read and write it. */
  access(path: string): Promise<Seen<null>>;
}

/** This computer. `root` stands before every path, for tests. */
export function nodeMachine(env: Machine['env'], root = '/'): Machine {
  const at = (path: string): string => (root === '/' ? path : join(root, path));
  return {
    platform: process.platform,
    env,
    home: env['HOME'] || homedir(),
    read: (path) => seen(readFile(at(path), 'latin1')),
    list: async (path) => {
      const names = await seen(readdir(at(path)));
      return names.is === 'there' ? names.value.toSorted(byNumber) : [];
    },
    link: async (path) => {
      const target = await seen(readlink(at(path)));
      return target.is === 'there' ? target.value : null;
    },
    access: async (path) => {
      const may = await seen(access(at(path), constants.R_OK | constants.W_OK));
      return may.is === 'there' ? { is: 'there', value: null } : may;
    },
  };
}

/** Nodes are named by numbers. */
export function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

const DENIED = ['EACCES', 'EPERM'];
/** A device whose driver has gone answers with ENXIO or ENODEV. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'EINVAL', 'EISDIR', 'ENXIO', 'ENODEV'];

async function seen<T>(work: Promise<T>): Promise<Seen<T>> {
  try {
    return { is: 'there', value: await work };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (DENIED.includes(code)) return { is: 'denied' };
    if (ABSENT.includes(code)) return { is: 'absent' };
    throw error;
  }
}
