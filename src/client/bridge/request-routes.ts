import { assert } from '../../base/assert';
import type { Clock } from '../../base/clock';
import { ForgelightError, type ErrorData } from '../../base/errors';
import type { RequestId } from '../../base/ids';
import type { EngineEvent } from '../../protocol/engine-events';
import type { EngineInfo, HostRequest } from '../../protocol/engine-port';
import type { RequestEvent } from '../../protocol/events';
import { RequestJournal } from '../../protocol/request-journal';
import type { RequestState } from '../../protocol/snapshot';
import type { StreamEvent } from '../../protocol/stream-event';
import type { Sight } from './bridge-scope';
import { isBreak, isRefusal } from './breaks';
import type { OpenPlace, PlacedEngine, PlaceName } from './engine-place';
import { localEnd } from './local-end';
import { Places } from './places';
import { WayBack, type WayBackPorts } from './way-back';

export interface RoutePorts {
  readonly places: Readonly<Partial<Record<PlaceName, OpenPlace>>>;
  /** Of the engine itself. */
  readonly tell: (event: EngineEvent) => void;
  readonly clock: Clock;
  readonly sight: Sight;
}

/** How often a place that is preferred and gone is looked at again, when a request comes. */
const RETRY_MS = 10_000;

/** One request at one engine. */
interface Attempt {
  readonly place: PlaceName;
  readonly engine: PlacedEngine;
  giveUp: () => void;
}

interface Route {
  readonly id: RequestId;
  readonly request: HostRequest;
  readonly journal: RequestJournal;
  readonly emit: (event: StreamEvent) => void;
  /** `null`: it waits for an engine. */
  attempt: Attempt | null;
  /** Where it failed since its last token. */
  readonly failures: Map<PlaceName, Failure>;
  /** Of the engine that its reader was told of. */
  toldInfo: EngineInfo | null;
  toldState: RequestState | null;
}

interface Failure {
  readonly error: ErrorData;
  /** It is not asked there again: it could not be made ready, or broke twice. */
  readonly isFinal: boolean;
}

/**
 * Which engine each request is answered by, and how it goes on at another one: from its tokens, so that its reader hears of each token once
 * and of one end. One owner of all of it, and synchronous: nothing can happen between a check and what it decides. Events of an engine that a
 * request has left are dropped by the identity of its attempt. `emit` and `tell` may call back.
 */
export class RequestRoutes {
  readonly places: Places;
  private readonly routes = new Map<number, Route>();
  /** That new requests go to, or went to last; `null` before the first was there. */
  private current: PlacedEngine | null = null;
  /** As it was told last. */
  private currentInfo: EngineInfo | null = null;
  /** It was told that no engine is there. */
  private isLost = false;
  /** And that nothing else answers meanwhile. */
  private isAlone = false;
  /** The preferred place has said no: nobody looks for it until something is asked. */
  private isRefused = false;
  /** Places that may answer instead of one that went down, and were not tried yet. */
  private recovery: PlaceName[] = [];
  private readonly wayBack: WayBack;

  constructor(
    private readonly ports: RoutePorts,
    private preferred: PlaceName,
  ) {
    const { clock, sight } = ports;
    this.places = new Places(ports.places, () => clock.now(), {
      opened: (name, engine) => this.opened(name, engine),
      failed: (name, error) => this.failed(name, error),
      wentDown: (...news) => this.wentDown(...news),
      news: (engine, event) => this.news(engine, event),
    });
    this.wayBack = new WayBack({
      ...{ clock, sight, missing: () => this.missing() },
      look: () => void this.places.open(this.preferred).catch(() => undefined), // told by `failed`
    });
  }

  /** Of the engine that new requests go to; `null` before the first was there. */
  get info(): EngineInfo | null {
    return this.currentInfo;
  }

  submit(id: number, request: HostRequest, emit: (event: StreamEvent) => void): void {
    const route: Route = {
      ...{ id: id as RequestId, request, emit, journal: new RequestJournal(request) },
      ...{ attempt: null, failures: new Map(), toldInfo: null, toldState: null },
    };
    this.routes.set(id, route);
    this.tellState(route, 'queued');
    this.lookAgain();
    this.start(route);
  }

  /** False where it is not alive. Its end is told at once, wherever it is: what its engine still says is late. */
  cancel(id: number): boolean {
    const route = this.routes.get(id);
    if (route === undefined) return false;
    this.leave(route);
    this.end(route, localEnd(id, { kind: 'cancelled' }, route.journal.emitted));
    return true;
  }

  /**
   * New requests go to `name` from now on, and answers that run go on there. Resolves when it is ready. Throws `invalid-request` where the
   * engine has no such place, and why it is not ready; then all stays as it was.
   */
  async use(name: PlaceName): Promise<EngineInfo> {
    if (!this.places.names.includes(name)) {
      throw new ForgelightError(
        'invalid-request',
        `This engine cannot move to '${name}': create it with device: 'auto' and a bridgeUrl.`,
        { param: 'device' },
      );
    }
    const before = this.preferred;
    this.prefer(name);
    let engine: PlacedEngine;
    try {
      engine = await this.places.open(name);
    } catch (error) {
      if (this.preferred === name) this.prefer(before);
      throw error;
    }
    if (this.preferred !== name || this.places.engine(name) !== engine) return engine.info; // somebody was faster
    this.follow(engine);
    for (const route of [...this.routes.values()]) {
      if (route.attempt === null || route.attempt.engine === engine || !canMove(route)) continue;
      this.leave(route);
      this.begin(route, name, engine);
    }
    return engine.info;
  }

  /** New requests go to `name` when it is ready, which is looked for. */
  prefer(name: PlaceName): void {
    this.isRefused &&= this.preferred === name;
    this.preferred = name;
    this.wayBack.update();
  }

  /** An engine that can answer what is no request; opened where there is none. */
  async engine(): Promise<PlacedEngine> {
    let failure: unknown = null;
    const order = this.order();
    for (const name of [...order.filter((each) => this.places.engine(each) !== null), ...order]) {
      try {
        return await this.places.open(name);
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  /** `engine` did not answer what was no request. */
  fails(engine: PlacedEngine, error: ErrorData): void {
    for (const name of this.places.names) if (this.places.down(name, engine)) this.wentDown(name, engine, error);
  }

  /** Gives everything up, without a word to its readers: whoever closes has told them. */
  async close(): Promise<void> {
    const routes = [...this.routes.values()];
    this.routes.clear();
    this.wayBack.close();
    for (const route of routes) this.leave(route);
    await this.places.close();
  }

  private isLive(route: Route): boolean {
    return this.routes.get(route.id) === route;
  }

  private order(): PlaceName[] {
    return [this.preferred, ...this.places.names.filter((name) => name !== this.preferred)];
  }

  /** The preferred place may be back; the request that asks does not wait for it where another can answer. */
  private lookAgain(): void {
    const { places, preferred } = this;
    if (places.engine(preferred) !== null || places.isOpening(preferred)) return;
    if (this.ports.clock.now() - places.triedAtMs(preferred) < RETRY_MS) return;
    void places.open(preferred).catch(() => undefined); // told by `failed`
  }

  /** At the first place that is ready, else at the first that can be made ready, once it is; where none is left it ends. */
  private start(route: Route): void {
    if (!this.isLive(route)) return;
    const { failures } = route;
    const left = this.order()
      .filter((name) => failures.get(name)?.isFinal !== true)
      .toSorted((a, b) => Number(failures.has(a)) - Number(failures.has(b)));
    for (const name of left) {
      const engine = this.places.engine(name);
      if (engine !== null) return this.begin(route, name, engine);
    }
    const [name] = left;
    if (name === undefined) return this.giveUp(route);
    this.tellLost([...failures.values()].at(-1)?.error ?? null);
    void this.places.open(name).catch(() => undefined); // told by `failed`
  }

  private begin(route: Route, place: PlaceName, engine: PlacedEngine): void {
    this.follow(engine);
    if (!this.isLive(route) || route.attempt !== null) return;
    const attempt: Attempt = { place, engine, giveUp: () => undefined };
    route.attempt = attempt;
    attempt.giveUp = engine.begin(route.id, route.journal.continuation(), {
      event: (event) => this.hear(route, attempt, event),
      broke: (error) => this.broke(route, attempt, error, true),
    });
  }

  private hear(route: Route, attempt: Attempt, event: RequestEvent): void {
    if (route.attempt !== attempt) return; // late
    if (event.type === 'ended') {
      const { outcome } = event;
      if (outcome.kind === 'failed' && isBreak(outcome.error)) this.broke(route, attempt, outcome.error, false);
      else this.end(route, event);
      return;
    }
    // Before anybody hears of it: who listens may move the request at once.
    if (!route.journal.note(event)) return;
    if (event.type === 'token' || event.type === 'logits') route.failures.clear();
    this.tellState(route, STATES[event.type]);
    this.pass(route, attempt.engine.info, event);
  }

  /** `isAll`: nothing else that is asked there will be answered either, as far as it can be told. */
  private broke(route: Route, attempt: Attempt, error: ErrorData, isAll: boolean): void {
    if (route.attempt !== attempt) return; // late
    this.leave(route);
    route.failures.set(attempt.place, { error, isFinal: route.failures.has(attempt.place) });
    if (isAll) this.places.down(attempt.place, attempt.engine);
    this.wayBack.update();
    this.start(route);
  }

  private leave(route: Route): void {
    const { attempt } = route;
    route.attempt = null;
    attempt?.giveUp();
  }

  private opened(name: PlaceName, engine: PlacedEngine): void {
    for (const route of this.waiting()) {
      if (route.failures.get(name)?.isFinal !== true) this.begin(route, name, engine);
    }
    if (name === this.preferred) this.isRefused = false;
    if (name === this.preferred || this.isLost) this.follow(engine);
    this.wayBack.update();
  }

  /** Whoever listens hears of it at once, and of what answers instead, although nothing is asked. */
  private wentDown(name: PlaceName, engine: PlacedEngine, error: ErrorData): void {
    this.wayBack.update();
    if (engine !== this.current) return;
    this.tellLost(error);
    const { places } = this;
    const others = places.names.filter((other) => other !== name);
    const up = others.map((other) => places.engine(other)).find((other) => other !== null) ?? null;
    if (up !== null) return this.follow(up);
    this.recovery = [...others, name];
    this.recover(error);
  }

  /** Makes the next place ready; `error`: why the last one is not. */
  private recover(error: ErrorData): void {
    const next = this.recovery.shift();
    if (next === undefined) this.tellGone(error);
    else void this.places.open(next).catch(() => undefined); // told by `failed`
  }

  /** Of the preferred place, where another one may answer meanwhile: who has one place alone is told that it is gone. */
  private missing(): ReturnType<WayBackPorts['missing']> {
    const { places, preferred } = this;
    if (this.isRefused || preferred !== 'bridge' || places.names.length === 1) return 'no';
    if (places.engine(preferred) !== null) return 'no';
    return places.isOpening(preferred) ? 'opening' : 'yes';
  }

  private failed(name: PlaceName, error: ErrorData): void {
    if (name === this.preferred) this.isRefused = isRefusal(error);
    for (const route of this.waiting()) {
      route.failures.set(name, { error, isFinal: true });
      this.start(route);
    }
    if (this.isLost) this.recover(error);
    this.wayBack.update();
  }

  private waiting(): Route[] {
    return [...this.routes.values()].filter(({ attempt }) => attempt === null);
  }

  private giveUp(route: Route): void {
    const [first, ...others] = [...route.failures.values()].map(({ error }) => error);
    assert(first !== undefined, 'it was tried somewhere');
    const error = { ...first, message: [first.message, ...others.map(({ message }) => message)].join(' ') };
    this.end(route, localEnd(route.id, { kind: 'failed', error }, route.journal.emitted));
    this.tellGone(error);
  }

  /** New requests go to `engine`: what the engine says of itself is that one's from now on. */
  private follow(engine: PlacedEngine): void {
    const before = this.currentInfo;
    const { info } = engine;
    this.current = engine;
    this.currentInfo = info;
    this.recovery = [];
    if (before === null || (before === info && !this.isLost)) return;
    [this.isLost, this.isAlone] = [false, false];
    this.ports.tell({ type: 'restored', info, sameAnswers: info.systemFingerprint === before.systemFingerprint });
    this.ports.tell({ type: 'state', state: 'ready', retryAtMs: null, error: null });
  }

  private tellLost(error: ErrorData | null): void {
    if (this.isLost || this.currentInfo === null) return;
    this.isLost = true;
    this.ports.tell({ type: 'state', state: 'lost', retryAtMs: null, error });
    this.ports.tell({ type: 'lost' });
  }

  /** Unless something answers, or is about to. Where it is looked for, that nothing answers meanwhile is told once. */
  private tellGone(error: ErrorData): void {
    const { places } = this;
    const up = places.names.map((name) => places.engine(name)).find((engine) => engine !== null) ?? null;
    if (up !== null && this.isLost) this.follow(up);
    if (up !== null || places.names.some((name) => places.isOpening(name))) return;
    const state = this.missing() === 'no' ? 'gone' : 'lost';
    if (state === 'lost' && (this.isAlone || !this.isLost)) return;
    [this.isLost, this.isAlone] = [true, true];
    this.ports.tell({ type: 'state', state, retryAtMs: null, error });
  }

  /** What the engine in force says of its device. */
  private news(engine: PlacedEngine, event: Exclude<EngineEvent, { type: 'request' }>): void {
    if (engine !== this.current) return;
    if (event.type === 'restored') this.currentInfo = event.info;
    this.ports.tell(event);
  }

  /** What is told may be answered by a cancel, so that nothing must follow. */
  private pass(route: Route, info: EngineInfo, event: RequestEvent): void {
    const { id } = route;
    if (event.type !== 'ended' && !this.isLive(route)) return;
    if (route.toldInfo !== info) {
      route.toldInfo = info;
      route.emit({ type: 'moved', requestId: id, info });
      if (event.type !== 'ended' && !this.isLive(route)) return;
    }
    route.emit(event);
  }

  private end(route: Route, event: Extract<RequestEvent, { type: 'ended' }>): void {
    const info = route.attempt?.engine.info ?? route.toldInfo;
    route.attempt = null;
    this.routes.delete(route.id);
    if (info === null) route.emit(event);
    else this.pass(route, info, event);
    this.tellState(route, 'ended');
  }

  private tellState(route: Route, state: RequestState): void {
    if (route.toldState === state || route.toldState === 'ended') return;
    route.toldState = state;
    this.ports.tell({ type: 'request', requestId: route.id, state });
  }
}

const STATES = {
  accepted: 'queued',
  prefill: 'prefilling',
  token: 'decoding',
  logits: 'prefilling',
  embedding: 'prefilling',
} as const;

/** What has no seed and no tokens to go on from is better left where it is, as long as it is answered there. */
function canMove({ request }: Route): boolean {
  return request.kind !== 'evaluate' && request.kind !== 'embed';
}
