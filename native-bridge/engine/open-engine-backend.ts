import { systemClock as clock } from '../../src/base/system-clock';
import type { FitReport } from '../../src/protocol/fit';
import type { HostTimeouts } from '../../src/protocol/timeouts';
import type { EngineBackend } from '../server/backend';
import { createEngineBackend, type EngineBackendOptions } from './engine-backend';
import { answerOfProbe, runProbe } from './run-probe';
import { childSpawner } from './spawn-child';

export interface OpenEngineBackendOptions extends Pick<
  EngineBackendOptions,
  'store' | 'start' | 'model' | 'load' | 'restarts'
> {
  /** The command's own file, which is also what engine processes run. */
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeouts: HostTimeouts;
  /** `engine`: a line that an engine process has written; `bridge`: what is done about one. */
  readonly log: (text: string, from: 'engine' | 'bridge') => void;
}

/** The backend of this computer's own device, with real processes. Starts none before a model is asked for. */
export function openEngineBackend({ command, env, log, ...options }: OpenEngineBackendOptions): EngineBackend {
  const spawn = childSpawner({
    args: [command, 'engine-process'],
    env,
    clock,
    onLine: (line) => log(line, 'engine'),
    onSpawned: (pid) => log(`an engine process was started, with the number ${pid}`, 'bridge'),
    onDropped: (lines) => log(`${lines} more lines of the engine process were left out`, 'bridge'),
  });
  const probe = { args: [command, 'probe-process'], device: options.start.device, env, clock };
  const timeoutMs = options.timeouts.stallMs;
  return createEngineBackend({
    ...options,
    spawn,
    askFit: async (about, signal) =>
      answerOfProbe(await runProbe('fit', { ...probe, timeoutMs, about, signal })) as FitReport,
    clock,
    random: Math.random,
    log: (text) => log(text, 'bridge'),
  });
}
