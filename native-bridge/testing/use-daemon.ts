import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Clock } from '../../src/base/clock';
import { systemClock } from '../../src/base/system-clock';
import { AccessBook } from '../server/access-book';
import { AccessFile } from '../server/access-file';
import type { Backend } from '../server/backend';
import { Daemon } from '../server/daemon';
import { DEFAULT_LIMITS, type Limits } from '../server/limits';
import type { LogEntry } from '../server/log-ring';
import { isUsualOrigin } from '../server/origins';
import { PairingDesk, type PendingPairing } from '../server/pairing-desk';
import { FakeBackend } from './fake-backend';

export const ADMIN_KEY = 'fl-admin-of-this-test';
export const PAGE = 'https://page.example';

export interface RunningDaemon {
  readonly daemon: Daemon;
  readonly backend: FakeBackend;
  readonly book: AccessBook;
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly pairings: PendingPairing[];
  readonly log: LogEntry[];
  /** A key of a native client. */
  readonly key: string;
  /** A token of `PAGE`. */
  readonly token: string;
  /** Sends bytes as they are, and gives all that comes back until the socket ends. */
  readonly raw: (text: string) => Promise<string>;
  readonly socket: () => Socket;
}

/** What a test has in the place of the usual. */
interface OwnParts {
  readonly pageFolder?: string;
  readonly clock?: Clock;
}

/** Makes daemons over fake backends, which end with their test. */
export function useDaemons(): (limits?: Partial<Limits>, own?: OwnParts) => Promise<RunningDaemon> {
  const start = useDaemonsOver(() => new FakeBackend());
  return (limits, own) => start(limits, own);
}

/** The same over other backends, each one's own. */
export function useDaemonsOver<B extends Backend>(
  backendOf: () => B | Promise<B>,
): (limits?: Partial<Limits>, own?: OwnParts) => Promise<Omit<RunningDaemon, 'backend'> & { readonly backend: B }> {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });
  return async (limits = {}, { pageFolder = '', clock = systemClock } = {}) => {
    const folder = await mkdtemp(join(tmpdir(), 'forgelight-daemon-'));
    const backend = await backendOf();
    const book = await AccessBook.open(new AccessFile(folder, () => undefined), clock, ADMIN_KEY);
    const pairings: PendingPairing[] = [];
    const log: LogEntry[] = [];
    const daemon = await Daemon.listen({
      host: '127.0.0.1',
      otherNames: [],
      port: 0,
      version: '0.0.0',
      backend,
      book,
      desk: new PairingDesk({ clock, randomInt, newId: randomUUID }),
      clock,
      limits: { ...DEFAULT_LIMITS, ...limits },
      pageFolder: pageFolder || join(folder, 'page'),
      mayPair: isUsualOrigin,
      onPairing: (pairing) => pairings.push(pairing),
      onPaired: () => undefined,
      log: (entry) => log.push(entry),
      droppedLines: () => 0,
    });
    ends.push(async () => {
      await daemon.stop();
      await book.close();
      await rm(folder, { recursive: true });
    });
    const { secret: key } = await book.issueKey('test');
    const { secret: token } = await book.issueToken(PAGE);
    const { port } = daemon;
    const socket = (): Socket => connect(port, '127.0.0.1');
    const url = `http://127.0.0.1:${port}`;
    return {
      daemon,
      backend,
      book,
      url,
      port,
      folder,
      pairings,
      log,
      key,
      token,
      socket,
      raw: (text) => rawAnswer(socket(), text),
    };
  };
}

function rawAnswer(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('error', () => resolve(answer)); // reset: refused without a word, or after it
    socket.on('close', () => resolve(answer));
    socket.write(text, 'latin1');
  });
}
