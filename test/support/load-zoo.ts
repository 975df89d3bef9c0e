import type { Clock } from '../../src/base/clock';
import type { Device } from '../../src/device/device';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import type { HostedEngine } from '../../src/engine/hosted-engine';
import { loadModel } from '../../src/engine/load-model';
import type { LoadHost } from '../../src/engine/load-onto-device';
import { parseEngineOptions } from '../../src/protocol/engine-options-schema';
import type { LoadProgress } from '../../src/protocol/progress';
import { blobSource } from '../../src/store/blob-source';
import { FakeClock } from './fake-clock';

/** The device with some of its methods replaced; the others work on the same state. */
export function withOverrides(device: Device, overrides: Partial<Device>): Device {
  return Object.assign(Object.create(device) as Device, overrides);
}

export interface TestLoad {
  readonly device: Device;
  /** Everything that was reported, in order. */
  readonly progress: LoadProgress[];
  readonly reports: unknown[];
  readonly abort: AbortController;
  readonly run: () => Promise<HostedEngine>;
}

export interface TestLoadOptions {
  /** Options of `createEngine`. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly device?: Device;
  readonly clock?: Clock;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly host?: Partial<LoadHost>;
}

/** A load of a file in memory on the reference device, with f32 KV cache unless told otherwise. */
export function testLoad(bytes: Uint8Array<ArrayBuffer>, given: TestLoadOptions = {}): TestLoad {
  const { device = createReferenceDevice(), clock = new FakeClock() } = given;
  const model = new Blob([bytes]);
  const { load } = parseEngineOptions({ model, kvCacheType: 'f32', ...given.options });
  const progress: LoadProgress[] = [];
  const reports: unknown[] = [];
  const abort = new AbortController();
  let draws = 0;
  const host: LoadHost = {
    source: blobSource(model),
    openDevice: async () => device,
    clock,
    variantCache: { get: async () => null, set: async () => undefined },
    randomSeed: () => (draws += 1),
    onProgress: (state) => {
      progress.push(state);
      given.onProgress?.(state);
    },
    report: (error) => void reports.push(error),
    signal: abort.signal,
    ...given.host,
  };
  return { device, progress, reports, abort, run: () => loadModel(load, host) };
}
