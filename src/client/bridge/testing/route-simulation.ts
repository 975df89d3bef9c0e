import { FakeClock } from '../../../../test/support/fake-clock';
import { assert, defined } from '../../../base/assert';
import { ForgelightError, type ErrorData } from '../../../base/errors';
import type { EngineEvent } from '../../../protocol/engine-events';
import type { StreamEvent } from '../../../protocol/stream-event';
import type { PlaceName } from '../engine-place';
import { RequestRoutes } from '../request-routes';
import { FakeSight } from './fake-sight';
import { ANSWER_TOKENS, SimulatedPlace, tokenAt, type SimulatedAttempt } from './simulated-place';

export const STEPS = [
  'submit',
  'deliver',
  'deliver late',
  'break late',
  'cancel',
  'cancel one that waits',
  'cancel when told',
  'use when told',
  'use bridge',
  'use webgpu',
  'break a request',
  'end a request with a break',
  'break a place',
  'open',
  'fail to open',
  'wait',
  'look away',
  'look',
] as const;

export interface Step {
  readonly does: (typeof STEPS)[number];
  /** Which of those that there are. */
  readonly pick: number;
}

const BROKEN: ErrorData = { code: 'bridge-unreachable', message: 'It broke.' };

/** One request as its reader sees it. */
interface Reader {
  readonly id: number;
  readonly events: StreamEvent[];
  wasCancelled: boolean;
}

/** Two engines, any number of requests, and whatever may happen between them in any order. Throws where a promise is broken. */
export class RouteSimulation {
  private readonly bridge = new SimulatedPlace('bridge');
  private readonly webgpu = new SimulatedPlace('webgpu');
  private readonly readers: Reader[] = [];
  private readonly told: EngineEvent[] = [];
  private readonly routes: RequestRoutes;
  private readonly clock = new FakeClock();
  private readonly sight = new FakeSight();
  private failures = 0;
  private whenTold: (() => void) | null = null;

  constructor(private preferred: PlaceName) {
    const places = { bridge: this.bridge.open, webgpu: this.webgpu.open };
    this.routes = new RequestRoutes(
      { places, tell: (event) => void this.told.push(event), clock: this.clock, sight: this.sight },
      preferred,
    );
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const [pick, does] of (['use bridge', 'use webgpu'] as const).entries()) {
      await this.do({ does, pick });
      await this.do({ does: 'open', pick });
    }
    for (const step of steps) await this.do(step);
    await this.finish();
    for (const reader of this.readers) this.check(reader);
    const states = this.told.flatMap((event) => (event.type === 'state' ? [event.state] : []));
    assert(!states.join(' ').includes('lost lost lost'), 'that nothing answers is told once');
    const last = this.told.findLast((event) => event.type === 'state');
    assert(last?.state !== 'lost', 'who was told that the engine is lost is told what comes of it');
    const open = this.attempts().filter(({ gaveUp, isOver }) => !gaveUp && !isOver);
    assert(open.length === 0, 'no engine works for nobody');
    assert(this.bridge.isUp || this.preferred !== 'bridge', 'a bridge that is back is found by itself');
    await this.routes.close();
    assert(this.clock.waiting === 0 && this.sight.watched === 0, 'nobody waits for anything in the end');
    for (const { opened, closed } of [this.bridge, this.webgpu]) assert(opened === closed, 'engines are closed once');
  }

  private async do({ does, pick }: Step): Promise<void> {
    this.act(does, pick);
    for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  }

  private act(does: Step['does'], pick: number): void {
    const place = pick % 2 === 0 ? this.bridge : this.webgpu;
    const live = this.attempts().filter(({ gaveUp, isOver }) => !gaveUp && !isOver);
    const left = this.attempts().filter(({ gaveUp, isOver }) => gaveUp && !isOver);
    switch (does) {
      case 'submit':
        return this.submit();
      case 'deliver':
        return void pickOf(live, pick)?.deliver();
      case 'deliver late':
        return void pickOf(left, pick)?.deliver();
      case 'break late':
        return this.breakLate(pickOf(left, pick));
      case 'cancel':
        return this.cancel(pickOf(this.readers, pick));
      case 'cancel one that waits':
        return this.cancel(pickOf(this.waiting(live), pick));
      case 'cancel when told':
        this.whenTold = () => this.cancel(pickOf(this.readers, pick));
        return;
      case 'use when told':
        this.whenTold = () => this.use(place.name);
        return;
      case 'use bridge':
        return this.use('bridge');
      case 'use webgpu':
        return this.use('webgpu');
      case 'break a request':
      case 'end a request with a break':
        this.failures += 1;
        return pickOf(live, pick)?.break(BROKEN, does !== 'break a request');
      case 'break a place':
        this.failures += 1;
        return place.break(BROKEN);
      case 'open':
        return place.finishOpening();
      case 'fail to open':
        this.failures += 1;
        return place.failOpening(new ForgelightError(BROKEN.code, BROKEN.message));
      case 'wait':
        return this.clock.advance(6000);
      case 'look away':
      case 'look':
        return this.sight.show(does === 'look');
    }
  }

  private breakLate(left: SimulatedAttempt | null): void {
    const count = this.attempts().length;
    left?.break(BROKEN, false);
    assert(this.attempts().length === count, 'nothing moves because of an engine that was left');
  }

  private submit(): void {
    const reader: Reader = { id: this.readers.length + 1, events: [], wasCancelled: false };
    this.readers.push(reader);
    this.routes.submit(reader.id, { kind: 'chat', body: {} }, (event) => {
      reader.events.push(event);
      const act = this.whenTold;
      this.whenTold = null;
      act?.();
    });
  }

  private cancel(reader: Reader | null): void {
    if (reader !== null && this.routes.cancel(reader.id)) reader.wasCancelled = true;
  }

  private use(name: PlaceName): void {
    const before = this.preferred;
    this.preferred = name;
    this.routes.use(name).catch(() => {
      if (this.preferred === name) this.preferred = before;
    });
  }

  /** Whose request is at no engine now. */
  private waiting(live: readonly SimulatedAttempt[]): Reader[] {
    return this.readers.filter(
      ({ id, events }) => !live.some((attempt) => attempt.id === id) && events.at(-1)?.type !== 'ended',
    );
  }

  private attempts() {
    return [...this.bridge.attempts, ...this.webgpu.attempts];
  }

  /** Nothing breaks any more: all that was asked is answered. */
  private async finish(): Promise<void> {
    for (let round = 0; round < 100 * (this.readers.length + 1); round++) {
      for (const pick of [0, 1]) await this.do({ does: 'open', pick });
      const live = this.attempts().filter(({ gaveUp, isOver }) => !gaveUp && !isOver);
      if (live.length === 0 && this.bridge.openings.length + this.webgpu.openings.length === 0) break;
      await this.do({ does: 'deliver', pick: round });
      await this.do({ does: 'deliver late', pick: round });
    }
    await this.do({ does: 'look', pick: 0 });
    for (let minute = 0; minute < 3; minute++) {
      this.clock.advance(60_000);
      for (const pick of [0, 1]) await this.do({ does: 'open', pick });
    }
  }

  private check({ id, events, wasCancelled }: Reader): void {
    const ends = events.filter((event) => event.type === 'ended');
    assert(ends.length === 1 && events.at(-1) === ends[0], `request ${id} ends once, and nothing follows`);
    const { outcome } = defined(ends[0], 'an end');
    const accepts = events.filter((event) => event.type === 'accepted').length;
    assert(accepts <= 1, `request ${id} is accepted once`);
    let engine = '';
    let tokens = 0;
    for (const event of events) {
      if (event.type === 'moved') engine = event.info.device.name;
      if (event.type !== 'token') continue;
      assert(accepts === 1 && event.tokenId === tokenAt(id, tokens), `each token of ${id} comes once, in order`);
      assert(event.text === engine, `the reader of ${id} knows which engine a token is from`);
      tokens += 1;
    }
    assert((outcome.kind === 'cancelled') === wasCancelled, `request ${id} is cancelled exactly when it was told so`);
    if (outcome.kind === 'stop') assert(tokens === ANSWER_TOKENS, `the answer of ${id} is whole`);
    else assert(wasCancelled || this.failures > 1, `request ${id} fails only where both places did`);
  }
}

function pickOf<T>(all: readonly T[], pick: number): T | null {
  return all[pick % all.length] ?? null;
}
