import { errorToData, ForgelightError } from '../base/errors';
import { systemClock as clock } from '../base/system-clock';
import { DISPATCH_PARAMS_BYTES } from '../device/plan';
import { readAdapterLimits } from '../device/webgpu/adapter';
import { createWebGpuDevice } from '../device/webgpu/webgpu-device';
import { checkFit } from '../engine/check-fit';
import type { HostedEngine } from '../engine/hosted-engine';
import { loadModel } from '../engine/load-model';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import type { EngineHost, EngineInfo, EngineStats, HostRequest, LoadOptions, Result } from '../protocol/engine-port';
import type { FitReport } from '../protocol/fit';
import { deviceMemoryGib, estimateMemoryBudget } from '../protocol/memory-budget';
import type { LoadProgress } from '../protocol/progress';
import { DEFAULT_TIMEOUTS } from '../protocol/timeouts';
import type { EngineSnapshot } from '../protocol/snapshot';
import { modelSource } from '../store/open-model';
import type { ModelSource } from '../store/source';
import { ReaderPort } from './reader-port';
import { createVariantCache } from './variant-cache';

const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** What nobody waits for goes to the console: the page's developer is the only one left to tell. */
const report = (error: unknown): void => console.error('forgelight:', error);

/** The browser's engine host: one model, loaded once, answering over Comlink and the ports it is given. */
export class WorkerHost implements EngineHost {
  private readonly abort = new AbortController();
  private engine: HostedEngine | null = null;
  private isTaken = false;
  private silenceMs = DEFAULT_TIMEOUTS.stallMs;

  load(options: LoadOptions, onProgress: (progress: LoadProgress) => void): Promise<Result<EngineInfo>> {
    return settle(async () => {
      if (this.isTaken)
        throw new ForgelightError('invalid-request', 'This worker has loaded its model: start another one.');
      this.isTaken = true;
      const { load } = parseEngineOptions(options);
      this.silenceMs = load.timeouts.stallMs;
      this.engine = await loadModel(load, {
        source: sourceOf(load),
        openDevice: () => createWebGpuDevice(navigator.gpu, load.debug),
        clock,
        variantCache: createVariantCache({ clock, report }),
        randomSeed,
        onProgress,
        report,
        signal: this.abort.signal,
      });
      return this.engine.info;
    });
  }

  checkFit(options: LoadOptions, memoryBudgetBytes: number | null): Promise<Result<FitReport>> {
    return settle(async () => {
      const { load } = parseEngineOptions(options);
      const limits = await readAdapterLimits(navigator.gpu, load.debug);
      const { maxBufferBytes } = limits;
      return await checkFit(load, {
        source: sourceOf(load),
        limits,
        memoryBudgetBytes:
          memoryBudgetBytes ?? estimateMemoryBudget({ maxBufferBytes, deviceMemoryGib: deviceMemoryGib(navigator) }),
        dispatchBytes: DISPATCH_PARAMS_BYTES,
        signal: this.abort.signal,
      });
    });
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
  }

  private loaded(): HostedEngine {
    if (this.engine === null) throw new ForgelightError('closed', 'No model is loaded in this worker.');
    return this.engine;
  }
}

function sourceOf({ model, timeouts, sha256, mirrors, hubToken }: LoadOptions): ModelSource {
  return modelSource(model, {
    clock,
    random: Math.random,
    stallMs: timeouts.stallMs,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(mirrors === undefined ? {} : { mirrors }),
    ...(hubToken === undefined ? {} : { hubToken }),
  });
}

/** Comlink loses the class of what is thrown: errors cross as data. */
async function settle<T>(work: () => T | Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (!(error instanceof ForgelightError)) report(error);
    return { ok: false, error: errorToData(error, 'closed') };
  }
}
