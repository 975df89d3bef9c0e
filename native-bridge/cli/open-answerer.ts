import type { LogEntry } from '../server/log-ring';
import { findDaemon } from '../state/daemon-file';
import { stateFolder } from '../state/state-folder';
import { backendAnswerer, daemonAnswerer, type Answerer } from './answerer';
import type { CommandInput } from './run-cli';
import { openServeBackend } from './serve-backend';
import { readServeOptions } from './serve-options';

/** Options that say what shall answer; with one of them no running daemon is asked. */
export const ANSWERER_ARGUMENTS = {
  device: { type: 'string' },
  upstream: { type: 'string', multiple: true },
} as const;

/** The daemon of this user that runs, else a backend of this process. The caller closes it. */
export async function openAnswerer({ host, models, options }: CommandInput): Promise<Answerer> {
  const folder = stateFolder(host.env);
  const isChosen = options['device'] !== undefined || options['upstream'] !== undefined;
  if (!isChosen) {
    const found = await findDaemon(folder);
    if (found.status === 'running') return daemonAnswerer(found.record, host.fetch);
  }
  const wanted = readServeOptions({ ...options, port: undefined }, host.env);
  const log = ({ level, event, message }: LogEntry): void => {
    if (level === 'error' || wanted.isVerbose) host.err(`forgelight: ${message ?? event}\n`);
  };
  const { backend } = await openServeBackend({ wanted, cli: host, models, stateFolder: folder, log });
  return backendAnswerer(backend);
}
