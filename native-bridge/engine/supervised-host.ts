import type { Clock } from '../../src/base/clock';
import { requestId } from '../../src/base/ids';
import type { EngineEvent } from '../../src/protocol/engine-events';
import type {
  EngineHost,
  EngineInfo,
  EngineStats,
  HostRequest,
  LoadOptions,
  Result,
} from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';
import type { FitReport } from '../../src/protocol/fit';
import type { LoadProgress } from '../../src/protocol/progress';
import type { EngineSnapshot } from '../../src/protocol/snapshot';
import { ReaderPort } from '../../src/protocol/reader-port';
import type { EngineCall } from './ipc';
import type { Supervisor } from './supervisor';

type Promised<Host> = {
  [Name in keyof Host]: Host[Name] extends (...args: infer Args) => infer Out
    ? (...args: Args) => Promise<Awaited<Out>>
    : never;
};

/**
 * A supervised engine for one client, who numbers requests by itself: of any number of clients each has a host of its own. Every call gives a
 * promise, as across a port.
 */
export class SupervisedHost implements Promised<EngineHost> {
  /** The client's number → the supervisor's. */
  private readonly numbers = new Map<number, number>();

  constructor(
    private readonly supervisor: Supervisor,
    private readonly options: { readonly clock: Clock; readonly stallMs: number },
  ) {}

  load(options: LoadOptions, onProgress: (progress: LoadProgress) => void): Promise<Result<EngineInfo>> {
    return this.supervisor.begin(options, onProgress);
  }

  checkFit(): Promise<Result<FitReport>> {
    const message =
      'An engine that has its model is not asked whether another fits: ask the daemon (GET /v1/engine/fit?model=…).';
    return Promise.resolve({ ok: false, error: { code: 'invalid-request', message } });
  }

  async abortLoad(): Promise<void> {
    this.supervisor.abortLoad();
  }

  async submit(id: number, request: HostRequest, port: MessagePort): Promise<void> {
    const { clock, stallMs } = this.options;
    const reader = new ReaderPort(port, { clock, silenceMs: stallMs, onSilence: () => void this.cancel(id) });
    let hasEnded = false; // a refused one ends before it has its number
    const own = this.supervisor.submit(request, (event) => {
      if (event.type === 'ended') {
        hasEnded = true;
        this.numbers.delete(id);
      }
      reader.send(detached({ ...event, requestId: requestId(id) }));
    });
    if (!hasEnded) this.numbers.set(id, own);
  }

  async cancel(id: number): Promise<boolean> {
    const own = this.numbers.get(id);
    return own !== undefined && (await this.supervisor.cancel(own));
  }

  async watch(port: MessagePort): Promise<void> {
    const forget = this.supervisor.watch((event) => {
      const told = this.renumbered(event);
      if (told !== null) port.postMessage(told);
    });
    port.addEventListener('close', forget);
    port.start();
  }

  tokenize(text: string, options: { addSpecial: boolean; parseSpecial: boolean }): Promise<Result<number[]>> {
    return this.ask({ method: 'tokenize', text, options });
  }

  detokenize(ids: readonly number[]): Promise<Result<string>> {
    return this.ask({ method: 'detokenize', ids });
  }

  snapshot(): Promise<Result<EngineSnapshot>> {
    return this.ask({ method: 'snapshot' });
  }

  stats(): Promise<Result<EngineStats>> {
    return this.ask({ method: 'stats' });
  }

  close(): Promise<void> {
    return this.supervisor.close();
  }

  /** The engine process's answer is of the type that its call has in `EngineHost`. */
  private ask<T>(ask: EngineCall): Promise<Result<T>> {
    return this.supervisor.call(ask) as Promise<Result<T>>;
  }

  /** `null`: about a request of somebody else. */
  private renumbered(event: EngineEvent): EngineEvent | null {
    if (event.type !== 'request') return event;
    const id = [...this.numbers].find(([, own]) => own === event.requestId)?.[0];
    return id === undefined ? null : { ...event, requestId: requestId(id) };
  }
}

/** Its arrays get buffers of their own: those of one message lie in one, and a port takes whole buffers. */
function detached(event: RequestEvent): RequestEvent {
  if (event.type === 'logits') return { ...event, logits: event.logits.slice() };
  if (event.type === 'embedding') return { ...event, embedding: event.embedding.slice() };
  return event;
}
