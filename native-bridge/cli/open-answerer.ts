import type { LogEntry } from '../server/log-ring';
import type { DaemonRecord } from '../state/daemon-file';
import { findLiveDaemon } from '../state/live-daemon';
import { stateFolder } from '../state/state-folder';
import { backendAnswerer, daemonAnswerer, type Answerer } from './answerer';
import type { CliOptions } from './command-line';
import type { CommandInput } from './run-cli';
import { daemonState } from './running-daemon';
import { openServeBackend } from './serve-backend';
import { LOAD_ARGUMENTS, passesOn, readBackendOptions } from './serve-options';

/** Options that say what shall answer; with one of them no running daemon is asked. */
export const ANSWERER_ARGUMENTS = {
  device: { type: 'string', value: 'DEVICE', is: 'auto, hip, upstream or reference; the daemon’s, where that runs' },
  upstream: { type: 'string', multiple: true, value: 'URL', is: 'an OpenAI-compatible server that answers instead' },
  ...LOAD_ARGUMENTS,
} as const satisfies CliOptions;

export interface AnswererNeeds {
  /** Of this process's own, whatever runs. */
  readonly isOwn?: boolean;
  /** One that measures its kernels, where its device can. */
  readonly profile?: boolean;
}

/** The daemon of this user that runs, else a backend of this process. The caller closes it. */
export async function openAnswerer(input: CommandInput, needs: AnswererNeeds = {}): Promise<Answerer> {
  const { host, models, options } = input;
  const daemon = await daemonFor(input, needs);
  if (daemon !== null) return daemonAnswerer(daemon, host.fetch);
  const wanted = readBackendOptions(options, host.env);
  const log = ({ level, event, message }: LogEntry): void => {
    if (level === 'error' || wanted.isVerbose) host.err(`forgelight: ${String(message ?? event)}\n`);
  };
  const { profile = false } = needs;
  const parts = { wanted, cli: host, models, stateFolder: stateFolder(host.env), log, profile };
  return backendAnswerer((await openServeBackend(parts)).backend);
}

/** Whether `openAnswerer` gives one that passes on what it is asked: models have other names there. */
export async function isAnsweredElsewhere(input: CommandInput, needs: AnswererNeeds = {}): Promise<boolean> {
  const daemon = await daemonFor(input, needs);
  if (daemon !== null) return (await daemonState(daemon, input.host)).backend === 'upstream';
  return passesOn(readBackendOptions(input.options, input.host.env));
}

async function daemonFor(
  { host, options }: CommandInput,
  { isOwn = false }: AnswererNeeds,
): Promise<DaemonRecord | null> {
  const isChosen = Object.keys(ANSWERER_ARGUMENTS).some((name) => options[name] !== undefined);
  if (isChosen || isOwn) return null;
  const found = await findLiveDaemon(stateFolder(host.env), host.fetch);
  return found.status === 'running' ? found.record : null;
}
