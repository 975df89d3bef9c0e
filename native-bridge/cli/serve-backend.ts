import { fileURLToPath } from 'node:url';
import { unreachable } from '../../src/base/assert';
import { ForgelightError } from '../../src/base/errors';
import { systemClock as clock } from '../../src/base/system-clock';
import { timeoutsFromEnvironment, type HostTimeouts } from '../../src/protocol/timeouts';
import { openEngineBackend } from '../engine/open-engine-backend';
import type { Backend } from '../server/backend';
import type { Limits } from '../server/limits';
import type { LogEntry } from '../server/log-ring';
import { NoBackend } from '../server/no-backend';
import { UpstreamBackend } from '../upstream/upstream-backend';
import { upstreamAddresses, upstreamKey } from '../upstream/upstream-url';
import { nodeMachine } from '../doctor/machine';
import { askHip } from './ask-hip';
import type { Models } from './models';
import { requireHip, whyNoHip } from './prove-hip';
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

const ELSEWHERE =
  'Models run in the page with WebGPU: load one there. --device reference answers on the CPU, slowly; --upstream URL passes requests on to another server.';

/** What answers: a server elsewhere where one is named, else this computer's device, else the page itself. */
export async function openServeBackend(parts: ServeParts): Promise<ServeBackend> {
  const { wanted, cli, log } = parts;
  const timeouts = timeoutsFromEnvironment(cli.env);
  const onTest = (device: string): void =>
    log({ level: 'info', event: 'self-test', message: `Testing the kernels on ${device} …` });
  const proof = { ask: askHip, env: cli.env, onTest };
  const limits = { stallMs: timeouts.stallMs, drainMs: timeouts.drainMs };
  if (wanted.upstreams.length > 0 && (wanted.device === 'auto' || wanted.device === 'upstream')) {
    return { backend: openUpstreams(parts), limits };
  }
  switch (wanted.device) {
    case 'upstream':
      throw new ForgelightError('invalid-request', '--device upstream needs an address: --upstream URL', {
        param: 'upstream',
      });
    case 'hip':
      await requireHip(proof);
      return { backend: openEngine(parts, 'hip', timeouts), limits };
    case 'reference':
      return { backend: openEngine(parts, wanted.device, timeouts), limits };
    case 'auto': {
      const reason = await whyNoHip(proof, nodeMachine(cli.env));
      if (reason === null) return { backend: openEngine(parts, 'hip', timeouts), limits };
      const why = `${reason} ${ELSEWHERE}`;
      log({ level: 'warn', event: 'no-device', message: why });
      return { backend: new NoBackend(why), limits };
    }
    default:
      return unreachable(wanted.device);
  }
}

function openUpstreams({ wanted, cli, log }: ServeParts): Backend {
  return new UpstreamBackend({
    addresses: wanted.upstreams.flatMap(upstreamAddresses),
    key: upstreamKey(cli.env),
    clock,
    fetch: cli.fetch,
    random: Math.random,
    onEvent: ({ type, upstream, reason }) => {
      const level = type === 'up' ? 'info' : 'warn';
      const message = `Upstream ${upstream} ${reason ?? (type === 'up' ? 'answers.' : 'is down.')}`;
      log({ level, event: `upstream-${type}`, message });
    },
  });
}

function openEngine(
  { wanted, cli, models, stateFolder, log }: ServeParts,
  device: 'hip' | 'reference',
  timeouts: HostTimeouts,
): Backend {
  return openEngineBackend({
    command: fileURLToPath(import.meta.url),
    env: cli.env,
    store: models.store,
    start: { device, modelsFolder: models.folder, stateFolder },
    timeouts,
    ...(wanted.model !== null && { model: wanted.model }),
    log: (message, from) => log({ level: from === 'engine' ? 'debug' : 'info', event: `engine-${from}`, message }),
  });
}
