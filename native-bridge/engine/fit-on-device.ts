import { systemClock as clock } from '../../src/base/system-clock';
import type { Device } from '../../src/device/device';
import { checkFit } from '../../src/engine/check-fit';
import { parseEngineOptions } from '../../src/protocol/engine-options-schema';
import type { LoadOptions } from '../../src/protocol/engine-port';
import type { FitReport } from '../../src/protocol/fit';
import { ModelStore } from '../../src/store/model-store';
import { nodeStorePorts } from '../../src/store/node-fs/node-store';
import { heldSource } from '../../src/worker/model-sources';

/** Whether a stored model would run here. Plain data: it is asked of a process. */
export interface FitQuestion {
  /** As the model would be loaded. */
  readonly load: LoadOptions;
  readonly modelsFolder: string;
  /** Memory that is taken now, and would be free: what is loaded goes before another model comes. */
  readonly freedBytes: number;
}

/** Reads the model's header from the store, and counts what a load would take of the device's free memory. Throws as `checkFit`. */
export async function fitOnDevice(device: Device, question: FitQuestion): Promise<FitReport> {
  const { load } = parseEngineOptions(question.load);
  const report = (error: unknown): void => console.error('probe process:', error);
  const ports = nodeStorePorts(question.modelsFolder, { clock, random: Math.random });
  const store = new ModelStore(ports, { clock, now: Date.now, report });
  const held = heldSource(load, { store, keep: false, onWatched: () => undefined });
  try {
    return await checkFit(load, {
      source: held.source,
      limits: device.limits,
      memoryBudgetBytes: freeBytes(device) + question.freedBytes,
      dispatchBytes: 0, // parameters go with each launch
      signal: new AbortController().signal,
    });
  } finally {
    held.close();
  }
}

/** Of the GPU; what computes on the CPU takes from the computer's own memory. */
function freeBytes(device: Device): number {
  if ('freeBytes' in device && typeof device.freeBytes === 'function') return Number(device.freeBytes());
  return process.availableMemory();
}
