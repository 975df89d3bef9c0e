import { HIP, type HipApi, type HipError } from './hip-api';

interface Waiting {
  readonly event: bigint;
  done(): void;
  failed(error: HipError): void;
}

/** Turns in which it looks again at once, before it lets a millisecond pass: most small steps are done by then. */
const EAGER_TURNS = 200;

/**
 * Tells when what was given to the stream so far is done. One stream does its work in order, so only the first event is ever
 * asked, on this thread: calls that wait would need a thread of their own, and HIP's device is a thread's. Owned by the device.
 */
export class CompletionQueue {
  private readonly waiting: Waiting[] = [];
  private readonly spareEvents: bigint[] = [];
  private looking = false;
  private turns = 0;

  constructor(
    private readonly api: HipApi,
    private readonly stream: bigint,
    private readonly onError: (error: HipError) => void,
  ) {}

  /** Calls `done` when the stream has done what it has now, or `failed`. Throws `HipError` where that cannot be asked for. */
  whenDone(done: () => void, failed: (error: HipError) => void): void {
    const event = this.spareEvents.pop() ?? this.api.make('hipEventCreateWithFlags', HIP.eventWithoutTiming);
    this.api.call('hipEventRecord', event, this.stream);
    this.waiting.push({ event, done, failed });
    this.turns = 0;
    this.lookSoon();
  }

  get isIdle(): boolean {
    return this.waiting.length === 0;
  }

  private lookSoon(): void {
    if (this.looking) return;
    this.looking = true;
    this.turns += 1;
    if (this.turns <= EAGER_TURNS) setImmediate(() => this.look());
    else setTimeout(() => this.look(), 1);
  }

  private look(): void {
    this.looking = false;
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      const code = this.api.code('hipEventQuery', first.event);
      if (code === HIP.notReady) return this.lookSoon();
      if (code !== 0) return this.onError(this.api.error('hipEventQuery', code));
      this.waiting.shift();
      this.spareEvents.push(first.event);
      this.turns = 0;
      first.done();
    }
  }

  /** Nothing will be done any more. */
  fail(error: HipError): void {
    for (const one of this.waiting.splice(0)) one.failed(error);
  }

  free(): void {
    for (const event of this.spareEvents.splice(0)) this.api.code('hipEventDestroy', event);
  }
}
