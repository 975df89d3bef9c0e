import { assert } from '../../src/base/assert';
import type { ErrorData } from '../../src/base/errors';
import { requestId } from '../../src/base/ids';
import { NO_TIMINGS } from '../../src/engine/request';
import type { HostRequest } from '../../src/protocol/engine-port';
import type { Outcome, RequestEvent } from '../../src/protocol/events';
import { RequestJournal } from '../../src/protocol/request-journal';

/** So many processes may die in a row without a word about a request that they had; if the last one had no other, it is what kills them. */
const MOST_DEATHS = 2;

interface LiveRequest {
  readonly id: number;
  readonly journal: RequestJournal;
  readonly emit: (event: RequestEvent) => void;
  /** The process that runs has it. */
  isSubmitted: boolean;
  /** Of that process, something that none before has said. */
  hasNews: boolean;
  /** Processes in a row that had it, said nothing new of it, and died. */
  deaths: number;
  isCancelled: boolean;
}

/**
 * The requests that have not ended, whatever becomes of the process that answers them. Plain state and no waiting: owned by the supervisor, who
 * says when a process is there (`ready`) and gone (`lost`).
 *
 * Nobody can tell which of several requests has ended a process. So whoever was there and got nothing said goes on alone, whoever was there most
 * often before all others, which wait until it has news. If it is the one, that process dies with nobody else in it, and it is given up.
 */
export class LiveRequests {
  private readonly requests = new Map<number, LiveRequest>();
  private isReady = false;

  constructor(private readonly submit: (id: number, request: HostRequest) => void) {}

  get size(): number {
    return this.requests.size;
  }

  has(id: number): boolean {
    return this.requests.has(id);
  }

  /** `id`: never used before. */
  add(id: number, request: HostRequest, emit: (event: RequestEvent) => void): void {
    assert(!this.requests.has(id), `request ${id} is not live yet`);
    const journal = new RequestJournal(request);
    this.requests.set(id, { id, journal, emit, isSubmitted: false, hasNews: false, deaths: 0, isCancelled: false });
    this.submitWaiting();
  }

  /** A process has the model, and no requests. */
  ready(): void {
    this.isReady = true;
    this.submitWaiting();
  }

  /** That process is gone; `why` is told to whoever has ended it. */
  lost(why: ErrorData): void {
    this.isReady = false;
    const isAlone = [...this.requests.values()].filter(({ isSubmitted }) => isSubmitted).length === 1;
    for (const request of [...this.requests.values()]) {
      const isBlamed = request.isSubmitted && isAlone;
      if (request.isSubmitted && !request.hasNews) request.deaths += 1;
      request.isSubmitted = false;
      request.hasNews = false;
      if (request.isCancelled) this.end(request, { kind: 'cancelled' });
      else if (isBlamed && request.deaths >= MOST_DEATHS)
        this.end(request, { kind: 'failed', error: { ...why, requestId: request.id } });
    }
  }

  /** An event of the process that runs. */
  hear(event: RequestEvent): void {
    const request = this.requests.get(event.requestId);
    if (request === undefined) return; // it has ended here
    const isNews = request.journal.note(event);
    if (event.type === 'ended') this.requests.delete(request.id);
    if (isNews) request.emit(event);
    if (!isNews || event.type === 'accepted' || event.type === 'prefill') return;
    request.hasNews = true;
    request.deaths = 0;
    this.submitWaiting();
  }

  /**
   * `ended`: its waiter has been told. `asked`: the process has it and has to be asked. `gone`: there is none.
   */
  cancel(id: number): 'ended' | 'asked' | 'gone' {
    const request = this.requests.get(id);
    if (request === undefined) return 'gone';
    request.isCancelled = true;
    if (request.isSubmitted) return 'asked';
    this.end(request, { kind: 'cancelled' });
    this.submitWaiting();
    return 'ended';
  }

  /** Nothing will answer them. */
  endAll(error: ErrorData): void {
    this.isReady = false;
    for (const request of [...this.requests.values()]) {
      this.end(request, { kind: 'failed', error: { ...error, requestId: request.id } });
    }
  }

  private submitWaiting(): void {
    if (!this.isReady) return;
    const all = [...this.requests.values()];
    const suspects = all.filter(({ deaths }) => deaths > 0);
    if (suspects.some(({ isSubmitted }) => isSubmitted)) return; // nobody else may be blamed for what it does
    const alone = suspects.toSorted((a, b) => b.deaths - a.deaths)[0];
    const next = alone === undefined ? all.filter(({ isSubmitted }) => !isSubmitted) : [alone];
    for (const request of next) {
      request.isSubmitted = true;
      this.submit(request.id, request.journal.continuation());
    }
  }

  private end(request: LiveRequest, outcome: Outcome): void {
    this.requests.delete(request.id);
    request.emit(endedEvent(request.id, outcome, request.journal.emitted));
  }
}

/** The end of a request that no engine tells. */
export function endedEvent(id: number, outcome: Outcome, completionTokens = 0): RequestEvent {
  return {
    type: 'ended',
    requestId: requestId(id),
    outcome,
    text: '',
    usage: { promptTokens: 0, completionTokens, cachedTokens: 0 },
    timings: NO_TIMINGS,
  };
}
