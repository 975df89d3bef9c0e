import type { ErrorData } from '../../../base/errors';
import { requestId, tokenId } from '../../../base/ids';
import type { HostRequest } from '../../../protocol/engine-port';
import type { RequestEvent } from '../../../protocol/events';
import { info as someInfo } from '../../testing/fake-host';
import type { AttemptListener, OpenPlace, PlacedEngine, PlaceName, PlaceNews } from '../engine-place';

/** Tokens of each answer; the same ones at every engine. */
export const ANSWER_TOKENS = 6;
export const tokenAt = (id: number, index: number): number => 100 * id + index;

const timings = {
  ...{ prompt_n: 1, prompt_ms: 1, prompt_per_second: 1, predicted_n: 1, predicted_ms: 1, predicted_per_second: 1 },
  cache_n: 0,
};

/** A request at a simulated engine: it tells one event at each step, also when it was given up: those are late. */
export class SimulatedAttempt {
  gaveUp = false;
  /** It has told its end, or that it broke. */
  isOver = false;
  private readonly events: RequestEvent[];

  constructor(
    place: PlaceName,
    readonly id: number,
    request: HostRequest,
    private readonly listener: AttemptListener,
  ) {
    const emitted = request.kind === 'resume' ? request.emittedIds : [];
    for (const [index, token] of emitted.entries()) {
      if (token !== tokenAt(id, index)) throw new Error(`request ${id} goes on behind a wrong token ${token}`);
    }
    const name = { requestId: requestId(id) };
    this.events = [
      { ...name, type: 'accepted', promptIds: [tokenId(1)], seed: id },
      { ...name, type: 'prefill', done: 1, total: 1 },
      ...Array.from({ length: ANSWER_TOKENS - emitted.length }, (_, index) => ({
        ...{ ...name, type: 'token' as const, tokenId: tokenId(tokenAt(id, emitted.length + index)), text: place },
      })),
      {
        ...{ ...name, type: 'ended', outcome: { kind: 'stop' }, text: '', timings },
        usage: { promptTokens: 1, completionTokens: ANSWER_TOKENS, cachedTokens: 0 },
      },
    ];
  }

  /** Tells the next event; false where none is left. */
  deliver(): boolean {
    const event = this.isOver ? undefined : this.events.shift();
    if (event === undefined) return false;
    if (event.type === 'ended') this.isOver = true;
    this.listener.event(event);
    return true;
  }

  break(error: ErrorData, asEnd: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    const ended = this.events.at(-1);
    if (asEnd && ended?.type === 'ended') this.listener.event({ ...ended, outcome: { kind: 'failed', error } });
    else this.listener.broke(error);
  }
}

interface Opening {
  readonly settle: (engine: PlacedEngine) => void;
  readonly fail: (error: unknown) => void;
  readonly news: PlaceNews;
}

/** Where engines are opened, and break, when the schedule says so. */
export class SimulatedPlace {
  readonly attempts: SimulatedAttempt[] = [];
  readonly openings: Opening[] = [];
  closed = 0;
  opened = 0;
  private news: PlaceNews | null = null;

  constructor(readonly name: PlaceName) {}

  readonly open: OpenPlace = (news) =>
    new Promise((settle, fail) => {
      this.openings.push({ settle, fail, news });
    });

  /** An engine is there, and has not broken. */
  get isUp(): boolean {
    return this.opened > this.closed;
  }

  finishOpening(): void {
    const opening = this.openings.shift();
    if (opening === undefined) return;
    this.opened += 1;
    this.news = opening.news;
    opening.settle(this.engine());
  }

  failOpening(error: unknown): void {
    this.openings.shift()?.fail(error);
  }

  /** The engine as a whole; its requests hear of it each for itself, later. */
  break(error: ErrorData): void {
    this.news?.broke(error);
  }

  private engine(): PlacedEngine {
    const { name, attempts } = this;
    const device = { kind: name === 'bridge' ? 'hip' : 'webgpu', name, features: [] } as const;
    const refuse = (): never => {
      throw new Error('not simulated');
    };
    return {
      info: { ...someInfo, device, systemFingerprint: `fp_${name}` },
      calls: { tokenize: refuse, detokenize: refuse, snapshot: refuse, stats: refuse },
      begin(id, request, listener) {
        const attempt = new SimulatedAttempt(name, id, request, listener);
        attempts.push(attempt);
        return () => (attempt.gaveUp = true);
      },
      close: async () => void (this.closed += 1),
    };
  }
}
