import type { Backend } from '../server/backend';
import type { Limits } from '../server/limits';
import type { LogEntry } from '../server/log-ring';
import { NoBackend } from '../server/no-backend';
import type { Models } from './models';
import type { CliHost } from './run-cli';
import type { ServeOptions } from './serve-options';

export interface ServeParts {
  readonly wanted: ServeOptions;
  readonly cli: CliHost;
  readonly models: Models;
  readonly stateFolder: string;
  readonly log: (entry: LogEntry) => void;
}

export interface ServeBackend {
  readonly backend: Backend;
  readonly limits: Partial<Limits>;
}

/** What answers: a server elsewhere where one is named, else this computer's device, else the page itself. */
export async function openServeBackend({ log }: ServeParts): Promise<ServeBackend> {
  const why =
    'No device of this computer can answer here. Models run in the page with WebGPU: load one there. ' +
    '--device reference answers on the CPU, slowly; --upstream URL passes requests on to another server.';
  log({ level: 'warn', event: 'no-device', message: why });
  return { backend: new NoBackend(why), limits: {} };
}
