import { ForgelightError, errorToData, type ErrorCode } from '../../src/base/errors';
import type { RequestId } from '../../src/base/ids';
import type { EngineEvent } from '../../src/protocol/engine-events';
import type { EngineHost, EngineInfo, HostRequest, LoadOptions, Result } from '../../src/protocol/engine-port';
import type { Outcome, RequestEvent } from '../../src/protocol/events';
import type { FitReport } from '../../src/protocol/fit';
import type { LoadProgress } from '../../src/protocol/progress';
import { WorkerStore } from '../../src/worker/worker-store';
import { answerTo, type ScriptedAnswer } from './scripted-answer';

const SIZE_BYTES = 98_362_432;
const LOAD_STEPS = 4;
/** A message on it gives a lost GPU back. */
const GPU_CHANNEL = 'scripted-gpu';

/**
 * An engine's host without an engine: journeys of the page that are not about a model's answers go through the built client, the real
 * store and this. What it answers is decided by the question (`scripted-answer.ts`), what a load does by the model's name:
 * `fail-CODE` fails so, `hang` stays in the middle of its download until it is stopped; of `?sha256=…` it says that this is its hash.
 */
export class ScriptedHost implements Partial<EngineHost> {
  readonly store = new WorkerStore();
  private readonly running = new Map<number, () => void>();
  private watcher: MessagePort | null = null;
  private stopLoad: () => void = () => undefined;
  private info: EngineInfo = infoOf('scripted');

  async load(options: LoadOptions, onProgress: (progress: LoadProgress) => void): Promise<Result<EngineInfo>> {
    const name = typeof options.model === 'string' ? options.model : 'a file';
    const stopped = new Promise<'stopped'>((resolve) => (this.stopLoad = () => resolve('stopped')));
    for (let step = 0; step <= LOAD_STEPS; step++) {
      onProgress(downloadOf(step));
      const isStuck = name.includes('hang') && step === LOAD_STEPS / 2;
      const outcome = await Promise.race([stopped, isStuck ? new Promise<never>(() => undefined) : pause(20)]);
      if (outcome === 'stopped') return failed('aborted', 'The load was aborted.');
    }
    const code = /fail-([a-z-]+)/.exec(name)?.[1];
    if (code !== undefined) return failed(code as ErrorCode, `The script fails with ${code}.`);
    this.info = infoOf(name, options.contextLength);
    return { ok: true, value: this.info };
  }

  abortLoad(): void {
    this.stopLoad();
  }

  checkFit(): Promise<Result<FitReport>> {
    const value: FitReport = {
      verdict: 'fits',
      sizeBytes: SIZE_BYTES,
      weightBytes: SIZE_BYTES,
      kvBytes: 2 ** 26,
      scratchBytes: 2 ** 22,
      contextLength: 2048,
      largestContextLength: 2048,
      memoryBudgetBytes: 2 ** 32,
      reason: 'It fits with 2,048 tokens of context.',
    };
    return Promise.resolve({ ok: true, value });
  }

  submit(requestId: number, request: HostRequest, port: MessagePort): void {
    port.start();
    void this.answer(requestId as RequestId, request, (event) => port.postMessage(event));
  }

  cancel(requestId: number): Promise<boolean> {
    const cancel = this.running.get(requestId);
    cancel?.();
    return Promise.resolve(cancel !== undefined);
  }

  watch(port: MessagePort): void {
    this.watcher = port;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async answer(id: RequestId, request: HostRequest, send: (event: RequestEvent) => void): Promise<void> {
    const answer = answerTo(request);
    let isCancelled = false;
    const cancelled = new Promise<void>((resolve) => {
      this.running.set(id, () => {
        isCancelled = true;
        resolve();
      });
    });
    const startedAtMs = performance.now();
    send({ type: 'accepted', requestId: id, promptIds: [], seed: 1 });
    send({ type: 'prefill', requestId: id, done: answer.promptTokens, total: answer.promptTokens });
    let tokens = 0;
    for (const text of answer.pieces) {
      if (answer.losesGpuAt === tokens) await this.loseGpu();
      if (tokens % answer.burst === 0) await Promise.race([cancelled, pause(answer.pieceMs)]);
      if (isCancelled) break;
      send({ type: 'token', requestId: id, tokenId: 0 as never, text });
      tokens += 1;
    }
    this.running.delete(id);
    const outcome: Outcome = isCancelled ? { kind: 'cancelled' } : answer.outcome;
    send(endOf(id, answer, { outcome, tokens, elapsedMs: performance.now() - startedAtMs }));
  }

  /** The GPU is lost, and is there again once a page says so: that it is lost can be seen for as long as somebody looks. */
  private async loseGpu(): Promise<void> {
    const page = new BroadcastChannel(GPU_CHANNEL);
    const isBack = new Promise((resolve) => page.addEventListener('message', resolve, { once: true }));
    this.tell({ type: 'state', state: 'lost', retryAtMs: null, error: null });
    this.tell({ type: 'lost' });
    await isBack;
    page.close();
    this.tell({ type: 'restored', info: this.info, sameAnswers: true });
    this.tell({ type: 'state', state: 'ready', retryAtMs: null, error: null });
  }

  private tell(event: EngineEvent): void {
    this.watcher?.postMessage(event);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function failed(code: ErrorCode, message: string): Result<never> {
  return { ok: false, error: errorToData(new ForgelightError(code, message), code) };
}

function infoOf(name: string, contextLength = 2048): EngineInfo {
  return {
    model: {
      name,
      architecture: 'llama',
      quantisation: 'Q4_1',
      sizeBytes: SIZE_BYTES,
      sha256: /[?&]sha256=([0-9a-f]{64})/.exec(name)?.[1] ?? '0'.repeat(64),
      contextLength,
      vocabularySize: 49_152,
    },
    device: { kind: 'webgpu', name: 'a scripted GPU', features: [] },
    notes: [],
    systemFingerprint: 'fp_scripted',
    kvCacheTokens: 8192,
  };
}

function downloadOf(step: number): LoadProgress {
  const loaded = (SIZE_BYTES * step) / LOAD_STEPS;
  return {
    phase: 'download',
    loaded,
    total: SIZE_BYTES,
    bytesPerSecond: 50_000_000,
    etaSeconds: (SIZE_BYTES - loaded) / 50_000_000,
    resumed: 0,
  };
}

function endOf(
  requestId: RequestId,
  { promptTokens }: ScriptedAnswer,
  { outcome, tokens, elapsedMs }: { outcome: Outcome; tokens: number; elapsedMs: number },
): RequestEvent {
  return {
    type: 'ended',
    requestId,
    outcome,
    text: '',
    usage: { promptTokens, completionTokens: tokens, cachedTokens: 0 },
    timings: {
      prompt_n: promptTokens,
      prompt_ms: 50,
      prompt_per_second: promptTokens * 20,
      predicted_n: tokens,
      predicted_ms: elapsedMs,
      predicted_per_second: elapsedMs > 0 ? (tokens / elapsedMs) * 1000 : 0,
      cache_n: 0,
    },
  };
}
