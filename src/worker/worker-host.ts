import { ForgelightError } from '../base/errors';
import { systemClock as clock } from '../base/system-clock';
import { DISPATCH_PARAMS_BYTES } from '../device/plan';
import { readAdapterLimits } from '../device/webgpu/adapter';
import { measureBandwidth } from '../device/webgpu/bandwidth';
import { createWebGpuDevice } from '../device/webgpu/webgpu-device';
import { checkFit } from '../engine/check-fit';
import type { HostedEngine } from '../engine/hosted-engine';
import { loadModel } from '../engine/load-model';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import type { EngineHost, EngineInfo, EngineStats, HostRequest, LoadOptions, Result } from '../protocol/engine-port';
import type { FitReport } from '../protocol/fit';
import type { BandwidthReport, MachineHost, MachineReport } from '../protocol/machine';
import { deviceMemoryGib, estimateMemoryBudget } from '../protocol/memory-budget';
import type { LoadProgress } from '../protocol/progress';
import { DEFAULT_TIMEOUTS } from '../protocol/timeouts';
import type { EngineSnapshot } from '../protocol/snapshot';
import type { ModelStore } from '../store/model-store';
import type { ModelSource } from '../store/source';
import { openBrowserStore } from './browser-store';
import { describeMachine } from './machine';
import { heldSource, isStored, type HeldSource } from './model-sources';
import { ReaderPort } from '../protocol/reader-port';
import { report, settle } from './settle';
import { createVariantCache } from './variant-cache';
import { WorkerStore } from './worker-store';

const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** The browser's engine host: one model, loaded once, answering over Comlink and the ports it is given. */
export class WorkerHost implements EngineHost, MachineHost {
  /** The models that this origin keeps. */
  readonly store = new WorkerStore();
  private readonly abort = new AbortController();
  private engine: HostedEngine | null = null;
  /** The model's files stay in the store as long as the engine may have to load them again. */
  private held: HeldSource | null = null;
  private isTaken = false;
  private silenceMs = DEFAULT_TIMEOUTS.stallMs;

  load(
    options: LoadOptions,
    onProgress: (progress: LoadProgress) => void,
    persist: () => void,
  ): Promise<Result<EngineInfo>> {
    return settle(async () => {
      if (this.isTaken)
        throw new ForgelightError('invalid-request', 'This worker has loaded its model: start another one.');
      this.isTaken = true;
      const { load } = parseEngineOptions(options);
      this.silenceMs = load.timeouts.stallMs;
      const store = await storeFor(load, persist);
      const isMissed = store === null && load.keep && typeof load.model === 'string';
      const onWatched = (progress: DownloadedBytes): void => onProgress(watchedDownload(progress));
      this.held = heldSource(load, { store, isMissed, onWatched });
      this.engine = await this.loadHeld(load, this.held, onProgress);
      void store?.sweep().catch(report);
      return this.engine.info;
    });
  }

  private async loadHeld(
    load: LoadOptions,
    held: HeldSource,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<HostedEngine> {
    try {
      return await loadModel(load, {
        source: held.source,
        openDevice: () => createWebGpuDevice(navigator.gpu, load.debug),
        clock,
        variantCache: createVariantCache({ clock, report }),
        randomSeed,
        onProgress,
        report,
        signal: this.abort.signal,
      });
    } catch (error) {
      held.close();
      throw error;
    }
  }

  checkFit(options: LoadOptions, memoryBudgetBytes: number | null): Promise<Result<FitReport>> {
    return settle(async () => {
      const { load } = parseEngineOptions(options);
      const limits = await readAdapterLimits(navigator.gpu, load.debug);
      const { maxBufferBytes } = limits;
      return await checkFit(load, {
        source: await this.headerSource(load),
        limits,
        memoryBudgetBytes:
          memoryBudgetBytes ?? estimateMemoryBudget({ maxBufferBytes, deviceMemoryGib: deviceMemoryGib(navigator) }),
        dispatchBytes: DISPATCH_PARAMS_BYTES,
        signal: this.abort.signal,
      });
    });
  }

  describeMachine(): Promise<Result<MachineReport>> {
    return settle(() => describeMachine(clock));
  }

  measureBandwidth(): Promise<Result<BandwidthReport>> {
    return settle(async () => ({ bytesPerSecond: await measureBandwidth(navigator.gpu, clock) }));
  }

  abortLoad(): void {
    this.abort.abort(new ForgelightError('aborted', 'The load was aborted.'));
  }

  submit(requestId: number, request: HostRequest, port: MessagePort): void {
    const engine = this.loaded();
    const onSilence = (): void => void engine.cancel(requestId);
    const reader = new ReaderPort(port, { clock, silenceMs: this.silenceMs, onSilence });
    engine.submit(requestId, request, (event) => reader.send(event));
  }

  watch(port: MessagePort): void {
    this.loaded().watch((event) => port.postMessage(event));
  }

  cancel(requestId: number): Promise<boolean> {
    return Promise.resolve(this.loaded().cancel(requestId));
  }

  tokenize(text: string, options: { addSpecial: boolean; parseSpecial: boolean }): Promise<Result<number[]>> {
    return settle(() => this.loaded().tokenize(text, options));
  }

  detokenize(ids: readonly number[]): Promise<Result<string>> {
    return settle(() => this.loaded().detokenize(ids));
  }

  snapshot(): Promise<Result<EngineSnapshot>> {
    return settle(() => this.loaded().snapshot());
  }

  stats(): Promise<Result<EngineStats>> {
    return settle(() => this.loaded().stats());
  }

  async close(): Promise<void> {
    this.abortLoad();
    await this.engine?.close();
    this.held?.close();
  }

  /** Only the header is read of it: out of the store where it is there, and never into it. */
  private async headerSource(load: LoadOptions): Promise<ModelSource> {
    const nobody = (): void => undefined;
    const store = await storeFor(load, nobody);
    return heldSource(load, { store, keep: false, isForHeader: true, onWatched: nobody }).source;
  }

  private loaded(): HostedEngine {
    if (this.engine === null) throw new ForgelightError('closed', 'No model is loaded in this worker.');
    return this.engine;
  }
}

/** `null`: nothing is kept, and nothing read from what is. */
async function storeFor({ model, keep }: LoadOptions, persist: () => void): Promise<ModelStore | null> {
  const isFile = typeof model !== 'string';
  return isFile || (!keep && !isStored(model)) ? null : openBrowserStore(persist);
}

interface DownloadedBytes {
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** While another tab downloads the same file. */
function watchedDownload({ loadedBytes, totalBytes }: DownloadedBytes): LoadProgress {
  return {
    phase: 'download',
    loaded: loadedBytes,
    total: totalBytes,
    bytesPerSecond: 0,
    etaSeconds: null,
    resumed: 0,
  };
}
