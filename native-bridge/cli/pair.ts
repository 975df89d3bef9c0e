import * as v from 'valibot';
import { systemClock as clock } from '../../src/base/system-clock';
import { ForgelightError } from '../../src/base/errors';
import { AccessBook } from '../server/access-book';
import { AccessFile } from '../server/access-file';
import { shownGrant, type ShownGrant } from '../server/admin-routes';
import { printable } from '../server/log-format';
import { askDaemon, type DaemonCall } from '../state/ask-daemon';
import type { DaemonRecord } from '../state/daemon-file';
import { liveDaemon } from '../state/live-daemon';
import { stateFolder } from '../state/state-folder';
import { lockState } from '../state/state-lock';
import { CommandLineError, type CliOptions } from './command-line';
import type { CliHost, CommandInput } from './run-cli';

export const PAIR_ARGUMENTS = {
  list: { type: 'boolean', is: 'show which pages are paired and which keys are in force' },
  revoke: { type: 'string', value: 'ID', is: 'take one of them back' },
  key: { type: 'boolean', is: 'make a key for a program; a NAME behind it tells it from others' },
} as const satisfies CliOptions;

const LOOK_MS = 500;
const pairings = v.object({
  pending: v.array(v.object({ origin: v.string(), code: v.string(), expires_in_seconds: v.number() })),
});
const grantList = v.object({
  grants: v.array(
    v.object({
      id: v.string(),
      kind: v.picklist(['page', 'native']),
      name: v.string(),
      scope: v.picklist(['answers', 'all']),
      expires_at: v.string(),
    }),
  ),
});

/** Who may ask the daemon: shows codes of pages that wait, lists, takes back, and makes keys for programs. */
export async function pair({ host, names, options }: CommandInput): Promise<void> {
  const folder = stateFolder(host.env);
  const { list, revoke, key } = options;
  const isJson = options['json'] === true;
  if ([list, revoke, key].filter((option) => option !== undefined).length > 1) {
    throw new CommandLineError('Give one of --list, --revoke and --key.');
  }
  if (names.length > 0 && key !== true) throw new CommandLineError('A name is given to a key: --key NAME.');
  const within = <T>(work: (book: Book) => Promise<T>): Promise<T> => withBook(folder, host, work);
  if (list === true) showGrants(await within((book) => book.list()), isJson, host);
  else if (typeof revoke === 'string') {
    const isRevoked = await within((book) => book.revoke(revoke));
    tellRevoked(isRevoked, revoke, isJson, host);
  } else if (key === true) {
    const made = await within((book) => book.issueKey(names[0] ?? 'key'));
    showKey(made, isJson, host);
  } else await showCodes(await liveDaemon(folder, host.fetch), isJson, host);
}

interface IssuedKey {
  readonly key: string;
  readonly grant: ShownGrant;
}

interface Book {
  list(): Promise<readonly ShownGrant[]>;
  revoke(id: string): Promise<boolean>;
  issueKey(name: string): Promise<IssuedKey>;
}

/** The daemon owns the book while it runs; else this command does for a moment, in which no daemon and no other command reads it. */
async function withBook<T>(folder: string, host: CliHost, work: (book: Book) => Promise<T>): Promise<T> {
  const before = await liveDaemon(folder, host.fetch);
  if (before !== null) return work(daemonBook(before, host));
  const lock = await lockState(folder, host.signal);
  try {
    const since = await liveDaemon(folder, host.fetch);
    if (since !== null) return await work(daemonBook(since, host));
    const book = await AccessBook.open(new AccessFile(folder, (message) => host.err(`${message}\n`)), clock, null);
    try {
      return await work(ownBook(book));
    } finally {
      await book.close();
    }
  } finally {
    lock.release();
  }
}

function daemonBook(record: DaemonRecord, host: CliHost): Book {
  const ask = (call: Omit<DaemonCall, 'signal'>): Promise<unknown> =>
    askDaemon(record, { ...call, signal: host.signal }, host.fetch);
  return {
    list: async () => v.parse(grantList, await ask({ method: 'GET', path: '/v1/admin/pairings' })).grants,
    revoke: async (id) => {
      const answer = await ask({ method: 'POST', path: '/v1/admin/revoke', body: { id } });
      return v.parse(v.object({ revoked: v.boolean() }), answer).revoked;
    },
    issueKey: async (name) => {
      const answer = await ask({ method: 'POST', path: '/v1/admin/keys', body: { name } });
      return v.parse(v.object({ key: v.string(), grant: grantList.entries.grants.item }), answer);
    },
  };
}

function ownBook(book: AccessBook): Book {
  return {
    list: () => Promise.resolve(book.list().map(shownGrant)),
    revoke: (id) => book.revoke(id),
    issueKey: async (name) => {
      const { grant, secret } = await book.issueKey(name);
      return { key: secret, grant: shownGrant(grant) };
    },
  };
}

function showGrants(grants: readonly ShownGrant[], isJson: boolean, { out }: CliHost): void {
  if (isJson) return out(`${JSON.stringify(grants, null, 2)}\n`);
  if (grants.length === 0) return out('No page is paired, and no key is in force.\n');
  for (const { id, kind, name, scope, expires_at } of grants) {
    out(
      `${id}  ${kind === 'page' ? 'page' : 'key '}  ${scope.padEnd(7)}  until ${expires_at.slice(0, 10)}  ${printable(name)}\n`,
    );
  }
}

function tellRevoked(isRevoked: boolean, id: string, isJson: boolean, { out }: CliHost): void {
  if (!isRevoked) {
    throw new ForgelightError('invalid-request', `There is no "${id}": forgelight pair --list shows what there is.`);
  }
  out(isJson ? `${JSON.stringify({ revoked: id }, null, 2)}\n` : `Taken back: ${id}\n`);
}

function showKey({ key, grant }: IssuedKey, isJson: boolean, { out, err }: CliHost): void {
  if (isJson) return out(`${JSON.stringify({ key, ...grant }, null, 2)}\n`);
  out(`${key}\n`);
  err(`A key for programs on this computer, good until ${grant.expires_at.slice(0, 10)}. It is shown this once.\n`);
}

/** The codes of pages that wait; waits for one where there is none. */
async function showCodes(daemon: DaemonRecord | null, isJson: boolean, host: CliHost): Promise<void> {
  if (daemon === null) {
    throw new ForgelightError(
      'bridge-unreachable',
      'The daemon does not run. Start it in another terminal: forgelight serve',
    );
  }
  for (let looks = 0; ; looks += 1) {
    const answer = await askDaemon(
      daemon,
      { method: 'GET', path: '/v1/admin/pairings', signal: host.signal },
      host.fetch,
    );
    const { pending } = v.parse(pairings, answer);
    if (isJson) return host.out(`${JSON.stringify(pending, null, 2)}\n`);
    if (pending.length > 0) {
      for (const { code, origin } of pending) host.out(`${code}  ${printable(origin)}\n`);
      return host.err('Type the code into the page, if it was you who asked for it.\n');
    }
    if (looks === 0) host.err('No page waits for a code yet. Begin in the page; Ctrl+C ends the wait.\n');
    await pause(host.signal);
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      stop();
      reject(signal.reason instanceof Error ? signal.reason : new DOMException('Stopped.', 'AbortError'));
    };
    const stop = clock.after(LOOK_MS, () => {
      signal.removeEventListener('abort', leave);
      resolve();
    });
    signal.addEventListener('abort', leave, { once: true });
  });
}
