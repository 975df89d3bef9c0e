import { transfer } from 'comlink';
import { unreachable } from '../base/assert';
import { errorFromData, ForgelightError } from '../base/errors';
import type { RequestId } from '../base/ids';
import type { HostRequest } from '../protocol/engine-port';
import type { Outcome } from '../protocol/events';
import { abortError, abortErrorOf, onAbort, throwIfAborted } from './abort';
import type { CalledHost } from './called-host';
import type { Lifeline } from './lifeline';
import type { StreamEvent } from '../protocol/stream-event';

/** What follows once the events that came are read. */
type Ending = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: unknown };

interface Reader {
  readonly resolve: (result: IteratorResult<StreamEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The events of one request, for one reader, in order: `ended` is the last and comes only with an outcome that is an answer. Any other
 * outcome rejects: an abort or a cancel with an `AbortError`, all else with a `ForgelightError`. Owns the request: whoever stops
 * reading (`break`, `cancel`, the signal) cancels it in the engine.
 */
export class RequestStream implements AsyncIterableIterator<StreamEvent, undefined> {
  private readonly events: StreamEvent[] = [];
  private readonly releases: (() => void)[] = [];
  private ending: Ending | null = null;
  private reader: Reader | null = null;

  private constructor(
    private readonly id: RequestId,
    private readonly signal: AbortSignal | undefined,
    private readonly cancelRequest: () => void,
    private readonly askHost: () => void,
  ) {}

  /** Submits the request. Throws, without submitting, when the signal has fired or the engine has ended. */
  static open(
    host: CalledHost,
    lifeline: Lifeline,
    id: RequestId,
    request: HostRequest,
    signal: AbortSignal | undefined,
  ): RequestStream {
    throwIfAborted(signal);
    lifeline.throwIfEnded();
    const { port1, port2 } = new MessageChannel();
    const stream = new RequestStream(
      id,
      signal,
      () => lifeline.watch(host.cancel(id)),
      () => port1.postMessage(null),
    );
    port1.addEventListener('message', (message: MessageEvent<StreamEvent>) => stream.receive(message.data));
    port1.start();
    stream.releases.push(
      () => port1.close(),
      onAbort(signal, (error) => stream.giveUp({ kind: 'failed', error })),
      lifeline.onEnd((error) => stream.finish({ kind: 'failed', error })),
    );
    lifeline.watch(host.submit(id, request, transfer(port2, [port2])));
    return stream;
  }

  next(): Promise<IteratorResult<StreamEvent, undefined>> {
    if (this.ending === null) this.askHost();
    return this.take();
  }

  private take(): Promise<IteratorResult<StreamEvent, undefined>> {
    if (this.signal?.aborted === true) return Promise.reject(abortErrorOf(this.signal)); // even if the rest had come already
    const event = this.events.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.ending !== null) return settled(this.ending);
    return new Promise((resolve, reject) => {
      this.reader = { resolve, reject };
    });
  }

  /** Throws the abort error of a signal that has fired, also if the rest had come already. */
  throwIfAborted(): void {
    throwIfAborted(this.signal);
  }

  return(): Promise<IteratorResult<StreamEvent, undefined>> {
    this.cancel();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Nobody reads on: the request ends in the engine too. Does nothing after the end. */
  cancel(): void {
    this.giveUp({ kind: 'done' });
  }

  private giveUp(ending: Ending): void {
    if (this.ending !== null) return;
    this.cancelRequest();
    this.events.length = 0;
    this.finish(ending);
  }

  private receive(event: StreamEvent): void {
    if (this.ending !== null) return;
    const error = event.type === 'ended' ? outcomeError(event.outcome, this.id) : null;
    if (error !== null) {
      this.finish({ kind: 'failed', error });
      return;
    }
    this.events.push(event);
    if (event.type === 'ended') this.finish({ kind: 'done' });
    else this.wakeReader();
  }

  private finish(ending: Ending): void {
    if (this.ending !== null) return;
    this.ending = ending;
    for (const release of this.releases) release();
    this.wakeReader();
  }

  private wakeReader(): void {
    const { reader } = this;
    if (reader === null) return;
    this.reader = null;
    this.take().then(reader.resolve, reader.reject);
  }
}

function settled(ending: Ending): Promise<IteratorResult<StreamEvent, undefined>> {
  return ending.kind === 'done' ? Promise.resolve({ value: undefined, done: true }) : Promise.reject(ending.error);
}

/** The error of an outcome that is no answer; `null` for the others. */
function outcomeError(outcome: Outcome, id: RequestId): unknown {
  switch (outcome.kind) {
    case 'stop':
    case 'length':
    case 'tool_calls':
      return null;
    case 'cancelled':
      return abortError(`Request ${id} was cancelled.`);
    case 'timed_out':
      return new ForgelightError(
        'timeout',
        `Request ${id} took longer than timeouts.requestMs allows; ask for fewer tokens or raise it.`,
        {
          requestId: id,
        },
      );
    case 'failed':
      return errorFromData({ requestId: id, ...outcome.error });
    default:
      return unreachable(outcome);
  }
}
