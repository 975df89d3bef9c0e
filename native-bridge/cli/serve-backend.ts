import { fileURLToPath } from 'node:url';
import { unreachable } from '../../src/base/assert';
import { systemClock as clock } from '../../src/base/system-clock';
import { timeoutsFromEnvironment, type HostTimeouts } from '../../src/protocol/timeouts';
import { openEngineBackend } from '../engine/open-engine-backend';
import type { Backend } from '../server/backend';
import type { Limits } from '../server/limits';
import type { LogEntry } from '../server/log-ring';
import { NoBackend } from '../server/no-backend';
import { FIRST_MS, UpstreamBackend } from '../upstream/upstream-backend';
import { upstreamKey } from '../upstream/upstream-url';
import { nodeMachine } from '../doctor/machine';
import { requireWritable } from '../state/writable-folder';
import { askHipUntil } from './ask-hip';
import { CommandLineError, readSetting } from './command-line';
import type { Models } from './models';
import { requireHip, whyNoHip } from './prove-hip';
import type { CliHost } from './run-cli';
import { addressesIn, passesOn, type BackendOptions } from './serve-options';

export interface ServeParts {
  readonly wanted: BackendOptions;
  readonly cli: CliHost;
  readonly models: Models;
  readonly stateFolder: string;
  readonly log: (entry: LogEntry) => void;
  /** Of engines: to measure their kernels. */
  readonly profile?: boolean;
}

export interface ServeBackend {
  readonly backend: Backend;
  readonly limits: Partial<Limits>;
}

const ELSEWHERE =
  'Models run in the page with WebGPU: load one there. --device reference answers on the CPU, slowly; --upstream URL passes requests on to another server.';

/** What answers: a server elsewhere where one is named, else this computer's device, else the page itself. */
export async function openServeBackend(parts: ServeParts): Promise<ServeBackend> {
  const { wanted, cli, log } = parts;
  const timeouts = readSetting(() => timeoutsFromEnvironment(cli.env));
  const onTest = (device: string): void =>
    log({ level: 'info', event: 'self-test', message: `Testing the kernels on ${device} …` });
  const proof = { ask: askHipUntil(cli.signal), env: cli.env, onTest };
  const limits = { stallMs: timeouts.stallMs, drainMs: timeouts.drainMs };
  if (passesOn(wanted)) return { backend: openUpstreams(parts, timeouts), limits };
  if (wanted.isUpstreamNamed) {
    const message = `--device ${wanted.device} computes on this computer, and --upstream elsewhere: give one of them.`;
    throw new CommandLineError(message, 'upstream');
  }
  switch (wanted.device) {
    case 'upstream':
      throw new CommandLineError('--device upstream needs an address: --upstream URL', 'upstream');
    case 'hip':
      await requireHip(proof);
      return { backend: await openEngine(parts, 'hip', timeouts), limits };
    case 'reference':
      return { backend: await openEngine(parts, wanted.device, timeouts), limits };
    case 'auto': {
      const reason = await whyNoHip(proof, nodeMachine(cli.env));
      if (reason === null) return { backend: await openEngine(parts, 'hip', timeouts), limits };
      const why = `${reason} ${ELSEWHERE}`;
      log({ level: 'warn', event: 'no-device', message: why });
      return { backend: new NoBackend(why), limits };
    }
    default:
      return unreachable(wanted.device);
  }
}

function openUpstreams({ wanted, cli, log }: ServeParts, { requestMs, stallMs }: HostTimeouts): Backend {
  return new UpstreamBackend({
    addresses: addressesIn(wanted.upstreams),
    key: readSetting(() => upstreamKey(cli.env)),
    clock,
    fetch: cli.fetch,
    random: Math.random,
    stallMs,
    firstMs: Math.min(requestMs, FIRST_MS),
    onEvent: ({ type, upstream, reason }) => {
      const level = type === 'up' ? 'info' : 'warn';
      const message = `Upstream ${upstream} ${reason ?? (type === 'up' ? 'answers.' : 'is down.')}`;
      log({ level, event: `upstream-${type}`, message });
    },
  });
}

async function openEngine(
  { wanted, cli, models, stateFolder, log, profile = false }: ServeParts,
  device: 'hip' | 'reference',
  timeouts: HostTimeouts,
): Promise<Backend> {
  await requireWritable(models.folder, 'FORGELIGHT_MODELS');
  return openEngineBackend({
    command: fileURLToPath(import.meta.url),
    env: cli.env,
    store: models.store,
    start: { device, modelsFolder: models.folder, stateFolder },
    timeouts,
    load: { ...wanted.load, ...(profile && { debug: { profile } }) },
    ...(wanted.model !== null && { model: wanted.model }),
    log: (message, from) => log({ level: 'info', event: `engine-${from}`, message }),
  });
}
