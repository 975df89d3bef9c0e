import { onTestFinished } from 'vitest';
import { DEFAULT_HOST_TIMEOUTS } from '../../src/protocol/timeouts';
import { openEngineBackend, type OpenEngineBackendOptions } from '../engine/open-engine-backend';
import type { EngineBackend } from '../server/backend';
import { builtCommand } from './built-command';
import type { ZooStore } from './zoo-store';

export interface OpenedBackend {
  readonly backend: EngineBackend;
  /** What it and its processes have said. */
  readonly log: string[];
}

/** A backend with real engine processes on the CPU, for the time of one test. */
export async function openBackend(
  zoo: ZooStore,
  given: Partial<OpenEngineBackendOptions> = {},
): Promise<OpenedBackend> {
  const log: string[] = [];
  const backend = openEngineBackend({
    command: await builtCommand(),
    env: process.env,
    store: zoo.store,
    start: { device: 'reference', modelsFolder: zoo.modelsFolder, stateFolder: zoo.stateFolder },
    timeouts: DEFAULT_HOST_TIMEOUTS,
    log: (text, from) => void log.push(`${from}: ${text}`),
    ...given,
  });
  onTestFinished(() => backend.close());
  return { backend, log };
}

/** The process that was started last, by what the log says. */
export function engineOf(log: readonly string[]): number {
  const pids = log.flatMap((line) => /process was started, with the number (\d+)/.exec(line)?.[1] ?? []);
  return Number(pids.at(-1));
}

const signal = new AbortController().signal;
export const NATIVE = { signal, asks: 'native' } as const;
export const PAGE = { signal, asks: 'page' } as const;
