import { errorToData, type ErrorCode } from '../../base/errors';
import { requestId, tokenId } from '../../base/ids';
import type { EngineHost, EngineInfo, EngineStats, HostRequest, LoadOptions, Result } from '../../protocol/engine-port';
import type { Outcome, RequestEvent, TokenLogprob } from '../../protocol/events';
import type { FitReport } from '../../protocol/fit';
import type { BandwidthReport, MachineHost, MachineReport } from '../../protocol/machine';
import type { LoadProgress } from '../../protocol/progress';
import type { EngineSnapshot } from '../../protocol/snapshot';

export const info: EngineInfo = {
  model: {
    name: 'letters',
    architecture: 'llama',
    quantisation: 'Q4_1',
    sizeBytes: 1000,
    sha256: 'ab'.repeat(32),
    contextLength: 128,
    vocabularySize: 4,
  },
  device: { kind: 'reference', name: 'none', features: [] },
  notes: [],
  systemFingerprint: 'fp_test',
  kvCacheTokens: 128,
};

const timings = {
  prompt_n: 3,
  prompt_ms: 30,
  prompt_per_second: 100,
  predicted_n: 2,
  predicted_ms: 40,
  predicted_per_second: 50,
  cache_n: 1,
};

/** A request as the fake host holds it; the test speaks for the engine. */
export class FakeRequest {
  /** How many events its reader has asked for. */
  asked = 0;

  constructor(
    readonly id: number,
    readonly request: HostRequest,
    private readonly port: MessagePort,
  ) {
    port.addEventListener('message', () => (this.asked += 1));
    port.start();
  }

  send(event: RequestEvent): void {
    this.port.postMessage(event);
  }

  accept(): void {
    this.send({ type: 'accepted', requestId: requestId(this.id), promptIds: [tokenId(1)], seed: 7 });
  }

  token(text: string, logprob?: TokenLogprob): void {
    this.send({
      type: 'token',
      requestId: requestId(this.id),
      tokenId: tokenId(2),
      text,
      ...(logprob ? { logprob } : {}),
    });
  }

  logits(position: number, values: readonly number[]): void {
    this.send({ type: 'logits', requestId: requestId(this.id), position, logits: new Float32Array(values) });
  }

  embedding(values: readonly number[]): void {
    this.send({ type: 'embedding', requestId: requestId(this.id), embedding: new Float32Array(values) });
  }

  refuse(code: ErrorCode, message: string): void {
    this.end({ kind: 'failed', error: { code, message } });
  }

  end(outcome: Outcome, text = ''): void {
    const usage = { promptTokens: 3, completionTokens: 2, cachedTokens: 1 };
    this.send({ type: 'ended', requestId: requestId(this.id), outcome, text, usage, timings });
  }
}

/** An engine host with no engine behind it. Requests wait until the test answers them. */
export class FakeHost implements EngineHost, MachineHost {
  readonly cancelled: number[] = [];
  /** Where the engine's own events go. */
  watcher: MessagePort | null = null;
  readonly calls: string[] = [];
  detokenized = 0;
  /** What `load` does; by default it succeeds at once. */
  onStats: () => Promise<Result<EngineStats>> = () => new Promise(() => undefined); // never answers
  onLoad: (options: LoadOptions, onProgress: (progress: LoadProgress) => void) => Promise<Result<EngineInfo>> = () =>
    Promise.resolve({ ok: true, value: info });
  onCheckFit: (options: LoadOptions, memoryBudgetBytes: number | null) => Promise<Result<FitReport>> = () =>
    Promise.resolve({ ok: false, error: { code: 'network', message: 'there is no model' } });
  onDescribe: () => Promise<Result<MachineReport>> = () =>
    Promise.resolve({ ok: false, error: { code: 'no-adapter', message: 'there is none' } });
  onMeasure: () => Promise<Result<BandwidthReport>> = () => new Promise(() => undefined); // never answers
  private readonly requests = new Map<number, FakeRequest>();
  private readonly arrivals: ((request: FakeRequest) => void)[] = [];
  private readonly unclaimed: FakeRequest[] = [];
  private readonly cancelWaiters: (() => void)[] = [];

  load(options: LoadOptions, onProgress: (progress: LoadProgress) => void): Promise<Result<EngineInfo>> {
    this.calls.push('load');
    return this.onLoad(options, onProgress);
  }

  checkFit(options: LoadOptions, memoryBudgetBytes: number | null): Promise<Result<FitReport>> {
    this.calls.push('checkFit');
    return this.onCheckFit(options, memoryBudgetBytes);
  }

  describeMachine(): Promise<Result<MachineReport>> {
    this.calls.push('describeMachine');
    return this.onDescribe();
  }

  measureBandwidth(): Promise<Result<BandwidthReport>> {
    this.calls.push('measureBandwidth');
    return this.onMeasure();
  }

  abortLoad(): void {
    this.calls.push('abortLoad');
  }

  submit(id: number, request: HostRequest, port: MessagePort): void {
    const arrived = new FakeRequest(id, request, port);
    this.requests.set(id, arrived);
    const claim = this.arrivals.shift();
    if (claim === undefined) this.unclaimed.push(arrived);
    else claim(arrived);
  }

  /** The next request that arrives. */
  arrival(): Promise<FakeRequest> {
    const waiting = this.unclaimed.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    return new Promise((resolve) => this.arrivals.push(resolve));
  }

  /** Requests that have arrived and that no `arrival` has taken. */
  get arrived(): number {
    return this.unclaimed.length;
  }

  watch(port: MessagePort): void {
    this.watcher = port;
  }

  cancel(id: number): Promise<boolean> {
    this.cancelled.push(id);
    for (const resolve of this.cancelWaiters.splice(0)) resolve();
    const request = this.requests.get(id);
    request?.end({ kind: 'cancelled' });
    return Promise.resolve(this.requests.delete(id));
  }

  /** Resolves when `count` cancels have arrived. */
  async cancellation(count = 1): Promise<void> {
    while (this.cancelled.length < count) await new Promise<void>((resolve) => this.cancelWaiters.push(resolve));
  }

  get submitted(): number {
    return this.requests.size;
  }

  tokenize(text: string, options: { addSpecial: boolean; parseSpecial: boolean }): Promise<Result<number[]>> {
    return Promise.resolve({
      ok: true,
      value: [...(options.addSpecial ? [1] : []), ...Array.from(text, (letter) => letter.charCodeAt(0))],
    });
  }

  /** Token 3 is half a character. */
  detokenize(ids: readonly number[]): Promise<Result<string>> {
    this.detokenized += 1;
    return Promise.resolve({ ok: true, value: ids.map((id) => (id === 3 ? '\uFFFD' : `<${id}>`)).join('') });
  }

  snapshot(): Promise<Result<EngineSnapshot>> {
    return Promise.resolve({ ok: false, error: errorToData(new Error('the device is lost'), 'device-lost') });
  }

  stats(): Promise<Result<EngineStats>> {
    return this.onStats();
  }

  close(): Promise<void> {
    this.calls.push('close');
    return Promise.resolve();
  }
}
