import fc from 'fast-check';
import { assert } from '../../src/base/assert';
import { parseEngineOptions } from '../../src/protocol/engine-options-schema';
import type { RequestEvent } from '../../src/protocol/events';
import { DEFAULT_HOST_TIMEOUTS } from '../../src/protocol/timeouts';
import { FakeClock } from '../../test/support/fake-clock';
import { OUTPUT_MS } from '../engine/child-life';
import { RESTART_LIMITS } from '../engine/restart-policy';
import { Supervisor } from '../engine/supervisor';
import { deliverOne, SimulatedEngine, toyToken, type ToyBody } from './simulated-engine';

const ACTIONS = [
  'read',
  'step',
  'deliver',
  'notice',
  'tick',
  'submit',
  'cancel',
  'call',
  'crash',
  'stick',
  'hang',
  'disconnect',
  'refuse',
] as const;

type Action = (typeof ACTIONS)[number];

export interface SupervisorScenario {
  readonly steps: readonly { readonly action: Action; readonly pick: number }[];
  /** Whether processes die of requests alone, and are told of. */
  readonly isKind: boolean;
  /** Whether there is an end to restarts. */
  readonly isLimited: boolean;
}

const weights: Readonly<Record<Action, number>> = {
  read: 30,
  step: 30,
  deliver: 40,
  notice: 15,
  tick: 12,
  submit: 10,
  cancel: 2,
  call: 2,
  crash: 4,
  stick: 1,
  hang: 1,
  disconnect: 1,
  refuse: 1,
};

export const supervisorScenario: fc.Arbitrary<SupervisorScenario> = fc.record({
  steps: fc.array(
    fc.record({
      action: fc.oneof(...ACTIONS.map((action) => ({ weight: weights[action], arbitrary: fc.constant(action) }))),
      pick: fc.nat(999),
    }),
    { minLength: 50, maxLength: 500 },
  ),
  isKind: fc.boolean(),
  isLimited: fc.boolean(),
});

/** A request as its reader sees it. */
interface Heard {
  readonly id: number;
  readonly body: ToyBody;
  readonly tokens: number[];
  accepted: number;
  ended: (RequestEvent & { type: 'ended' }) | null;
  isCancelled: boolean;
  /** A cancel has said that it was alive. */
  isSilent: boolean;
}

const UNFRIENDLY: readonly Action[] = ['crash', 'stick', 'hang', 'disconnect', 'refuse'];
const MOST_ROUNDS = 3000;

/** How often things happened, so that a test can tell whether they did. */
export type SupervisorCounts = Readonly<
  Record<'whole' | 'cancelled' | 'failed' | 'restarts' | 'killers' | 'stuck' | 'hung' | 'asked' | 'given up', number>
>;

/** Runs one schedule to its end and throws where a promise of the supervisor is broken. */
export async function simulateSupervisor(scenario: SupervisorScenario): Promise<SupervisorCounts> {
  const world = new World(scenario);
  for (const { action, pick } of scenario.steps) world.act(action, pick);
  return world.finish();
}

class World {
  private readonly clock = new FakeClock();
  private readonly engines: SimulatedEngine[] = [];
  private readonly heard: Heard[] = [];
  private readonly supervisor: Supervisor;
  private readonly counters = { loads: 0, restarts: 0, requests: 0, tokens: 0 };
  private refusals = 0;
  private stuck = 0;
  private hung = 0;
  private asked = 0;
  private answered = 0;

  constructor(private readonly scenario: SupervisorScenario) {
    const patient = { ...RESTART_LIMITS, most: 100_000, mostUnready: 100_000 };
    this.supervisor = new Supervisor({
      spawn: (listener) => this.spawn(new SimulatedEngine(listener, () => this.refusals-- <= 0)),
      clock: this.clock,
      random: () => 0.5,
      timeouts: DEFAULT_HOST_TIMEOUTS,
      start: { device: 'reference', modelsFolder: '', stateFolder: '' },
      restarts: scenario.isLimited ? RESTART_LIMITS : patient,
      counters: this.counters,
      log: () => undefined,
    });
    const { load } = parseEngineOptions({ model: `sha256:${'ab'.repeat(32)}` });
    void this.supervisor.begin(load, () => undefined);
  }

  act(action: Action, pick: number): void {
    if (this.scenario.isKind && UNFRIENDLY.includes(action)) return;
    const engine = this.engines.at(-1);
    switch (action) {
      case 'read':
        return engine?.read();
      case 'step':
        return engine?.step(pick);
      case 'deliver':
        return deliverOne(this.engines, pick);
      case 'notice':
        return this.notice(pick);
      case 'tick':
        return this.clock.advance(pick % 5 === 0 ? 6000 : pick);
      case 'submit':
        return this.submit(pick);
      case 'cancel':
        return this.cancel(pick);
      case 'call':
        return this.call();
      case 'crash':
        return engine?.die();
      case 'stick':
        this.stuck += 1;
        if (engine !== undefined) engine.isStuck = true;
        return undefined;
      case 'hang':
        if (engine?.isLoaded === false) {
          this.hung += 1;
          engine.isHung = true;
        }
        return undefined;
      case 'disconnect':
        return engine?.listener.disconnected();
      case 'refuse':
        this.refusals = Math.max(this.refusals, 0) + 1;
        return undefined;
    }
  }

  /** Everybody does what he can until nothing waits; then the engine is closed. */
  async finish(): Promise<SupervisorCounts> {
    for (let round = 0; round < MOST_ROUNDS && (this.supervisor.live > 0 || this.answered < this.asked); round += 1) {
      this.settle(round);
      await Promise.resolve();
    }
    for (const request of this.heard) this.check(request);
    assert(this.answered === this.asked, 'each call is answered');
    const counts = this.counts();
    let isClosed = false;
    void this.supervisor.close().then(() => (isClosed = true));
    this.clock.advance(2 * DEFAULT_HOST_TIMEOUTS.killMs + OUTPUT_MS + 1);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    assert(isClosed, 'closing takes its time and no longer, whatever the process does');
    assert(
      this.engines.every((engine) => !engine.isAlive && engine.isAbandoned),
      'nothing is left of any process',
    );
    return counts;
  }

  private settle(round: number): void {
    const engine = this.engines.at(-1);
    for (let i = 0; i < 8; i += 1) {
      engine?.read();
      engine?.step(round + i);
      deliverOne(this.engines, i);
    }
    for (let i = 0; i < 6; i += 1) this.notice(i);
    this.clock.advance(200);
  }

  private spawn(engine: SimulatedEngine): SimulatedEngine {
    for (const before of this.engines) assert(!before.isAlive, 'one process has the device at a time');
    this.engines.push(engine);
    return engine;
  }

  private notice(pick: number): void {
    const told = this.engines.filter(({ notices }) => notices.length > 0);
    const engine = told[pick % Math.max(told.length, 1)];
    const [notice] = engine?.notices.splice(pick % engine.notices.length, 1) ?? [];
    if (notice === 'exited') engine?.listener.exited(null, 'SIGKILL');
    if (notice === 'disconnected') engine?.listener.disconnected();
    // A grandchild may hold the pipes: then this never comes.
    if (notice === 'closed' && pick % 3 !== 0) engine?.listener.closed();
  }

  private submit(pick: number): void {
    const body: ToyBody = { name: this.heard.length + 1, tokens: pick % 9, killsAt: pick % 7 === 0 ? pick % 4 : null };
    const heard: Heard = {
      id: body.name,
      body,
      tokens: [],
      accepted: 0,
      ended: null,
      isCancelled: false,
      isSilent: false,
    };
    this.heard.push(heard);
    const id = this.supervisor.submit({ kind: 'chat', body }, (event) => {
      assert(heard.ended === null, 'nothing follows the end');
      if (event.type === 'ended') heard.ended = event;
      if (event.type === 'accepted') heard.accepted += 1;
      if (event.type !== 'token') return;
      assert(!heard.isSilent, 'who was cancelled says nothing more');
      heard.tokens.push(event.tokenId);
    });
    assert(id === heard.id, 'requests are numbered as they come');
  }

  private cancel(pick: number): void {
    const request = this.heard[pick % Math.max(this.heard.length, 1)];
    if (request === undefined) return;
    this.asked += 1;
    request.isCancelled = true;
    void this.supervisor.cancel(request.id).then((wasAlive) => {
      this.answered += 1;
      request.isSilent ||= wasAlive;
    });
  }

  private call(): void {
    this.asked += 1;
    void this.supervisor.call({ method: 'snapshot' }).then((result) => {
      this.answered += 1;
      assert(!result.ok || result.value === 'snapshot', 'an answer is that of its question');
    });
  }

  private check({ body, tokens, ended, accepted, isCancelled }: Heard): void {
    assert(ended !== null, `request ${body.name} ends`);
    assert(accepted <= 1, 'a request is accepted once');
    assert(
      tokens.every((token, index) => token === toyToken(body, index)),
      `the tokens of request ${body.name} come once each, in order: ${tokens.join()}`,
    );
    const { kind } = ended.outcome;
    const isGivenUp = this.supervisor.state === 'failed';
    const isKiller = body.killsAt !== null && body.killsAt <= body.tokens;
    if (kind === 'length') assert(tokens.length === body.tokens && !isKiller, 'an answer is whole');
    else if (kind === 'cancelled') assert(isCancelled, 'nobody else cancels');
    else {
      assert(kind === 'failed' && ended.outcome.kind === 'failed', `a request does not end with ${kind}`);
      // A crash from elsewhere may hit the same one twice while it is alone.
      assert(isKiller || isGivenUp || !this.scenario.isKind, 'only who kills is given up');
      assert(['device-lost', 'out-of-memory', 'busy'].includes(ended.outcome.error.code), ended.outcome.error.code);
    }
  }

  private counts(): SupervisorCounts {
    const ends = (wanted: string): number => this.heard.filter(({ ended }) => ended?.outcome.kind === wanted).length;
    return {
      whole: ends('length'),
      cancelled: ends('cancelled'),
      failed: ends('failed'),
      restarts: this.counters.restarts,
      killers: this.heard.filter(({ body }) => body.killsAt !== null && body.killsAt <= body.tokens).length,
      stuck: this.stuck,
      hung: this.hung,
      asked: this.asked,
      'given up': this.supervisor.state === 'failed' ? 1 : 0,
    };
  }
}
