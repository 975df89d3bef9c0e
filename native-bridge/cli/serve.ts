import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ForgelightError } from '../../src/base/errors';
import { systemClock as clock } from '../../src/base/system-clock';
import { startOf } from '../../src/store/node-fs/processes';
import { AccessBook } from '../server/access-book';
import { AccessFile } from '../server/access-file';
import { isEngineBackend, type Backend } from '../server/backend';
import { Daemon } from '../server/daemon';
import { DEFAULT_LIMITS } from '../server/limits';
import { jsonLines, plainLines } from '../server/log-format';
import { LogRing, type LogEntry } from '../server/log-ring';
import { descriptorSink } from '../server/log-sink';
import { pairableOrigins } from '../server/origins';
import { PairingDesk, type PendingPairing } from '../server/pairing-desk';
import { atMost } from '../server/waiting';
import { daemonUrl } from '../state/ask-daemon';
import { removeDaemonFile, writeDaemonFile, type DaemonRecord } from '../state/daemon-file';
import { findLiveDaemon } from '../state/live-daemon';
import { stateFolder } from '../state/state-folder';
import { lockState } from '../state/state-lock';
import { readSetting } from './command-line';
import { keptName } from './keep-model';
import type { CliHost, CommandInput } from './run-cli';
import { openServeBackend, type ServeBackend } from './serve-backend';
import { passesOn, readServeOptions, type ServeOptions } from './serve-options';
import { VERSION } from './version';

const STDERR = 2;
const LOG_LINES = 1_000;
/** Nobody reads the log: the daemon ends all the same. */
const FLUSH_MS = 500;

/**
 * Runs the daemon until Ctrl+C or SIGTERM, then ends it in order: nothing is taken in, answers end, what is known is kept, the engine goes. To be told
 * so before it is there is no failure either.
 */
export async function serve(input: CommandInput): Promise<void> {
  try {
    await serveUntilTold(input);
  } catch (error) {
    const { signal } = input.host;
    if (!signal.aborted || error !== signal.reason) throw error;
  }
}

async function serveUntilTold({ host: cli, options, models }: CommandInput): Promise<void> {
  const given = readServeOptions(options, cli.env);
  const mayPair = readSetting(() => pairableOrigins(cli.env['FORGELIGHT_ORIGINS']));
  const folder = stateFolder(cli.env);
  await refuseSecond(folder, cli.fetch);
  const isName = given.model === null || passesOn(given);
  const model = isName ? given.model : await keptName({ models, host: cli }, given.model);
  const wanted = { ...given, model };
  const format = (wanted.isJson ? jsonLines : plainLines)(Date.now, wanted.isVerbose);
  const ring = new LogRing({ capacity: LOG_LINES, sink: descriptorSink(STDERR), format });
  const log = (entry: LogEntry): void => ring.log(entry);
  const opening = openServeBackend({ wanted, cli, models, stateFolder: folder, log });
  const opened = await opening.catch((error: unknown) => {
    throw cli.signal.aborted ? cli.signal.reason : error; // while the GPU was looked at: nothing is there to be ended
  });
  const key = `fl-${randomBytes(32).toString('base64url')}`;
  try {
    if (!cli.signal.aborted) await runDaemon({ ...opened, wanted, mayPair, folder, ring, key, cli });
  } finally {
    await opened.backend.close();
    await atMost(ring.flush(), clock, FLUSH_MS);
  }
}

interface DaemonParts extends ServeBackend {
  readonly wanted: ServeOptions;
  readonly mayPair: (origin: string) => boolean;
  /** Of its state. */
  readonly folder: string;
  readonly ring: LogRing;
  readonly key: string;
  readonly cli: CliHost;
}

async function runDaemon(parts: DaemonParts): Promise<void> {
  const { backend, wanted, folder, ring, key, cli } = parts;
  const { pid } = process;
  const started = await startOf(pid);
  // Until its file says that the daemon owns the book: a command would write what this one has not read, and a second daemon its own.
  const lock = await lockState(folder, cli.signal);
  try {
    await refuseSecond(folder, cli.fetch);
    const warn = (message: string): void => ring.log({ level: 'warn', event: 'access-file', message });
    const book = await AccessBook.open(new AccessFile(folder, warn), clock, key);
    try {
      const daemon = await listen(parts, book);
      const record: DaemonRecord = { pid, started, host: wanted.host, port: daemon.port, key };
      try {
        await writeDaemonFile(folder, record);
        lock.release();
        cli.out(`Forgelight ready: ${daemonUrl(record)}/\n`);
        void preload(backend, wanted, cli.signal).catch((error: unknown) => {
          if (!cli.signal.aborted) ring.log({ level: 'error', event: 'load-failed', message: messageOf(error) });
        });
        if (!cli.signal.aborted) await once(cli.signal, 'abort');
      } finally {
        await daemon.stop();
        await book.close(); // before anybody else may write to its file
        await removeDaemonFile(folder, record);
      }
    } finally {
      await book.close();
    }
  } finally {
    lock.release();
  }
}

function listen({ backend, limits, wanted, mayPair, ring }: DaemonParts, book: AccessBook): Promise<Daemon> {
  return Daemon.listen({
    ...wanted,
    version: VERSION,
    backend,
    book,
    desk: new PairingDesk({ clock, randomInt, newId: randomUUID }),
    clock,
    limits: { ...DEFAULT_LIMITS, ...limits },
    pageFolder: join(dirname(fileURLToPath(import.meta.url)), '../page'),
    mayPair,
    onPairing: (pairing) => ring.log(pairingEntry(pairing, wanted)),
    onPaired: (origin, grant) => ring.log({ level: 'info', event: 'paired', message: `Paired: ${origin}`, grant }),
    log: (entry) => ring.log(entry),
    droppedLines: () => ring.dropped,
  });
}

/** With `--model` it is on its way before anybody asks, and whoever else asks and leaves does not end that. */
async function preload(backend: Backend, { model }: ServeOptions, signal: AbortSignal): Promise<void> {
  if (model !== null && isEngineBackend(backend)) await backend.engine(model, { signal, asks: 'native' });
}

/** Programs that keep what is logged get no code: the command `forgelight pair` shows it. */
function pairingEntry({ origin, code }: PendingPairing, { isJson }: ServeOptions): LogEntry {
  const shown = isJson ? 'forgelight pair shows its code' : `type the code ${code} there, if it is you`;
  return { level: 'info', event: 'pairing', message: `The page ${origin} wants to be paired: ${shown}.` };
}

/** Two daemons would write to the same files. A file of one that was killed is no daemon. */
async function refuseSecond(folder: string, fetch: typeof globalThis.fetch): Promise<void> {
  const found = await findLiveDaemon(folder, fetch);
  if (found.status === 'none') return;
  const { pid } = found.record;
  const url = daemonUrl(found.record);
  const message = `Forgelight runs already: ${url}/ (process ${pid}). End it first, or set FORGELIGHT_STATE to another folder.`;
  throw new ForgelightError('busy', message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
