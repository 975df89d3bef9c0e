import { errorToData, ForgelightError, type ErrorData } from '../../base/errors';
import { requestId } from '../../base/ids';
import type { EngineEvent } from '../../protocol/engine-events';
import type { RequestSnapshot, RequestState } from '../../protocol/snapshot';
import { abortError, abortErrorOf, onAbort, throwIfAborted } from '../abort';
import type { Lifeline } from '../lifeline';
import { MAX_STREAMS } from './bridge-engine';
import type { BridgeHttp } from './bridge-http';
import { ReadAhead } from './read-ahead';
import { Turns } from './turns';

export interface RequestPorts {
  /** For streams, which say that they live. */
  readonly http: BridgeHttp;
  /** For whole answers, which say nothing until they are there. */
  readonly patient: BridgeHttp;
  readonly lifeline: Lifeline;
  readonly tell: (event: EngineEvent) => void;
  /** The daemon did not answer, or broke off. */
  readonly missed: (error: ErrorData) => void;
}

/** One of OpenAI's calls. */
export interface UpstreamCall {
  readonly path: '/v1/chat/completions' | '/v1/completions' | '/v1/embeddings';
  readonly body: object;
  readonly signal: AbortSignal | undefined;
}

interface Live {
  readonly id: number;
  /** The server's own, once it has told it. */
  name: string | null;
  state: RequestState;
  readonly abort: AbortController;
  /** Called at its end. */
  readonly release: (() => void)[];
}

/** The requests of answers that nobody holds any more: dropped unread, or with the frame that read them. */
const dropped = new FinalizationRegistry<AbortController>(leave);

/** Calls that the daemon passes on to another server, and who waits for them. Owns each until its end, its abort, or the engine's end. */
export class UpstreamRequests {
  private readonly live = new Map<number, Live>();
  private count = 0;
  private changes = 0;
  private readonly turns = new Turns(MAX_STREAMS);

  constructor(private readonly ports: RequestPorts) {}

  /** Grows with every change. */
  get version(): number {
    return this.changes;
  }

  snapshot(): RequestSnapshot[] {
    // How many tokens that are, their server alone knows.
    return [...this.live.values()].map(({ id, state }) => {
      return { id: requestId(id), state, promptTokens: 0, generatedTokens: 0 };
    });
  }

  /** `named`: its number here, or the server's id for it. False where it is not alive. */
  cancel(named: string | number): boolean {
    const found = [...this.live.values()].find(({ id, name }) => id === named || name === named);
    if (found === undefined) return false;
    found.abort.abort(abortError(`Request ${String(named)} was cancelled.`));
    return true;
  }

  async whole<T>({ path, body, signal }: UpstreamCall, read: (answer: unknown) => T): Promise<T> {
    const [live, end] = this.begin(signal);
    try {
      await this.turn(live);
      return read(await this.ports.patient.json(path, { body, signal: live.abort.signal }));
    } catch (error) {
      throw this.explained(live, error);
    } finally {
      end();
    }
  }

  /**
   * Resolves when the answer has begun. It is read whether or not somebody asks for it: its connection is free when the server has sent it, and
   * a reader who pauses is no daemon that says nothing. Leaving it early ends it there, too. `read`: `null` for what is no chunk.
   */
  async stream<T extends object>(
    { path, body, signal }: UpstreamCall,
    read: (frame: unknown) => T | null,
  ): Promise<AsyncIterableIterator<T, undefined>> {
    const [live, end] = this.begin(signal);
    const { abort } = live;
    const answer = new ReadAhead<T>();
    abort.signal.addEventListener('abort', () => {
      answer.clear(); // even if more has come already
      answer.fail(this.explained(live, null));
    });
    const receive = async (): Promise<void> => {
      await this.turn(live);
      for await (const frame of this.ports.http.frames(path, { body, signal: abort.signal })) {
        abort.signal.throwIfAborted();
        const chunk = read(frame);
        if (chunk === null) continue;
        this.heard(live, frame);
        answer.push(chunk);
      }
    };
    receive()
      .finally(end)
      .then(
        () => answer.end(),
        (error: unknown) => answer.fail(this.explained(live, error)),
      );
    await answer.begun();
    return readerOf(answer, abort, signal);
  }

  /** Resolves when there is a connection for it. Rejects when it has ended meanwhile. */
  private async turn(live: Live): Promise<void> {
    const taken = this.turns.take().then(() => {
      // Its end may have come: then its place is free at once.
      if (this.live.has(live.id)) live.release.push(() => this.turns.leave());
      else this.turns.leave();
    });
    const ended = new Promise<void>((resolve) => live.release.push(resolve));
    await Promise.race([taken, ended]);
    live.abort.signal.throwIfAborted();
  }

  /** Throws where it cannot begin. The returned function ends what is kept of it; it may be called again. */
  private begin(signal: AbortSignal | undefined): readonly [Live, () => void] {
    const { lifeline } = this.ports;
    throwIfAborted(signal);
    lifeline.throwIfEnded();
    this.count += 1;
    const live: Live = { id: this.count, name: null, state: 'queued', abort: new AbortController(), release: [] };
    this.live.set(live.id, live);
    const end = (): void => {
      if (!this.live.delete(live.id)) return;
      for (const release of live.release) release();
      this.enter(live, 'ended');
    };
    live.abort.signal.addEventListener('abort', end);
    live.release.push(
      onAbort(signal, (error) => live.abort.abort(error)),
      lifeline.onEnd((error) => live.abort.abort(error)),
    );
    this.enter(live, 'queued');
    return [live, end];
  }

  private heard(live: Live, frame: unknown): void {
    const { id } = (frame ?? {}) as { readonly id?: unknown };
    if (typeof id === 'string') live.name = id;
    if (live.state !== 'decoding') this.enter(live, 'decoding');
  }

  private enter(live: Live, state: RequestState): void {
    live.state = state;
    this.changes += 1;
    this.ports.tell({ type: 'request', requestId: requestId(live.id), state });
  }

  /** An abort's own reason, or what the daemon or the way to it said. */
  private explained({ id, abort: { signal } }: Live, error: unknown): unknown {
    if (signal.aborted) return signal.reason instanceof ForgelightError ? signal.reason : abortErrorOf(signal);
    const data = errorToData(error, 'bridge-unreachable');
    if (['bridge-unreachable', 'bridge-denied', 'not-paired', 'closed'].includes(data.code)) this.ports.missed(data);
    return new ForgelightError(data.code, data.message, {
      requestId: id,
      cause: error,
      ...(data.param === undefined ? {} : { param: data.param }),
    });
  }
}

function readerOf<T extends object>(
  answer: ReadAhead<T>,
  abort: AbortController,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<T, undefined> {
  // Nothing that the request holds may hold this object, which is the reader's alone, except while a chunk is waited for.
  const reader: AsyncIterableIterator<T, undefined> = {
    next: async () => {
      throwIfAborted(signal); // even if all has come already
      return answer.next().finally(() => reader);
    },
    return: () => {
      answer.clear();
      answer.end();
      leave(abort);
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  dropped.register(reader, abort);
  return reader;
}

function leave(abort: AbortController): void {
  abort.abort(abortError('Nobody reads on.'));
}
