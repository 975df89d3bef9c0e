import type { BandwidthReport, MachineHost, MachineReport } from '../protocol/machine';
import { DEFAULT_TIMEOUTS } from '../protocol/timeouts';
import { throwIfAborted } from './abort';
import { askWorker, type AskOptions } from './ask-worker';
import { browserScope, type EngineScope } from './browser-scope';

export interface MachineOptions {
  readonly workerUrl?: string | URL;
  readonly signal?: AbortSignal;
}

/**
 * What this machine's graphics adapter can do, and what the engine found out about it when models were loaded. Opens no device and
 * downloads nothing. Throws `no-webgpu` and `no-adapter`; an `AbortError` when `signal` fires.
 */
export async function describeMachine(options: MachineOptions = {}): Promise<MachineReport> {
  return await describeMachineIn(browserScope(), options);
}

/** `describeMachine` on a given page. */
export async function describeMachineIn(scope: EngineScope, options: MachineOptions): Promise<MachineReport> {
  throwIfAborted(options.signal ?? null);
  return await askWorker<MachineHost, MachineReport>(scope, startOf(options), (host) => host.describeMachine());
}

/**
 * How many bytes a second the adapter reads and writes when it only copies. Takes about half a second of the GPU and 256 MiB of its
 * memory. Throws as `describeMachine`, and `missing-feature` where the adapter gives no device.
 */
export async function measureBandwidth(options: MachineOptions = {}): Promise<BandwidthReport> {
  return await measureBandwidthIn(browserScope(), options);
}

/** `measureBandwidth` on a given page. */
export async function measureBandwidthIn(scope: EngineScope, options: MachineOptions): Promise<BandwidthReport> {
  throwIfAborted(options.signal ?? null);
  return await askWorker<MachineHost, BandwidthReport>(scope, startOf(options), (host) => host.measureBandwidth());
}

function startOf({ workerUrl, signal }: MachineOptions): AskOptions {
  return { workerUrl: workerUrl ?? null, signal: signal ?? null, timeoutMs: DEFAULT_TIMEOUTS.stallMs };
}
