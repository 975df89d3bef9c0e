import fc from 'fast-check';
import { assert } from '../../src/base/assert';
import { ForgelightError } from '../../src/base/errors';
import { DEFAULT_HOST_TIMEOUTS } from '../../src/protocol/timeouts';
import type { ModelEntry } from '../../src/store/store-list';
import { FakeClock } from '../../test/support/fake-clock';
import { OUTPUT_MS } from '../engine/child-life';
import { createEngineBackend } from '../engine/engine-backend';
import type { EngineBackend } from '../server/backend';
import { deliverOne, SimulatedEngine } from './simulated-engine';

const WEIGHTS = {
  ask: 12,
  leave: 12,
  read: 25,
  deliver: 25,
  notice: 15,
  tick: 10,
  crash: 2,
  stick: 2,
  refuse: 2,
  unload: 1,
} as const;

type Action = keyof typeof WEIGHTS;

export type AskersScenario = readonly { readonly action: Action; readonly pick: number }[];

export const askersScenario: fc.Arbitrary<AskersScenario> = fc.array(
  fc.record({
    action: fc.oneof(
      ...Object.entries(WEIGHTS).map(([action, weight]) => ({ weight, arbitrary: fc.constant(action as Action) })),
    ),
    pick: fc.nat(999),
  }),
  { minLength: 20, maxLength: 120 },
);

/** Who asks for a model, and what becomes of it. */
interface Asker {
  readonly model: string;
  readonly abort: AbortController;
  /** Somebody waited for another model when this one was asked for. */
  readonly isInTheWay: boolean;
  outcome: 'ready' | { readonly code: string } | null;
}

const MODELS = ['a.gguf', 'b.gguf'] as const;
const MOST_ROUNDS = 600;
/** More than any call takes that waits for nothing but promises. */
const TURNS = 16;

/** How often things happened, so that a test can tell whether they did. */
export type AskersCounts = Readonly<Record<'ready' | 'ended' | 'anew' | 'shared' | 'busy' | 'failed', number>>;

/** Runs one schedule of askers who come and leave to its end, and throws where a load lives without one, or ends with one. */
export async function simulateAskers(scenario: AskersScenario): Promise<AskersCounts> {
  const world = new World();
  for (const { action, pick } of scenario) {
    world.act(action, pick);
    await world.settle();
  }
  return world.finish();
}

class World {
  private readonly clock = new FakeClock();
  private readonly engines: SimulatedEngine[] = [];
  private readonly askers: Asker[] = [];
  private readonly backend: EngineBackend;
  private refusals = 0;
  /** Of a promise, told by an answer. */
  private violation: Error | null = null;
  private readonly counts = { ready: 0, ended: 0, anew: 0, shared: 0, busy: 0, failed: 0 };

  constructor() {
    this.backend = createEngineBackend({
      store: { list: () => Promise.resolve(MODELS.map(storedModel)) },
      spawn: (listener) => this.spawn(new SimulatedEngine(listener, () => this.refusals-- <= 0)),
      askFit: () => Promise.reject(new Error('Nobody asks.')),
      start: { device: 'reference', modelsFolder: '', stateFolder: '' },
      clock: this.clock,
      random: () => 0.5,
      timeouts: DEFAULT_HOST_TIMEOUTS,
      log: (text) => {
        if (text.startsWith('nobody waits')) this.counts.ended += 1;
      },
    });
  }

  act(action: Action, pick: number): void {
    const engine = this.engines.at(-1);
    switch (action) {
      case 'ask':
        return this.ask(MODELS[pick % 3 === 0 ? 1 : 0]);
      case 'leave':
        return this.waiting[pick % Math.max(this.waiting.length, 1)]?.abort.abort();
      case 'read':
        return engine?.read();
      case 'deliver':
        return deliverOne(this.engines, pick);
      case 'notice':
        return this.notice(pick);
      case 'tick':
        return this.clock.advance(pick % 4 === 0 ? 6000 : pick);
      case 'crash':
        return engine?.die();
      case 'stick':
        if (engine !== undefined) engine.isStuck = true;
        return undefined;
      case 'refuse':
        this.refusals = 1;
        return undefined;
      case 'unload':
        return void this.backend.unload();
    }
  }

  /** What needs nothing but promises has happened, and nothing that must not be. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve();
    if (this.violation !== null) throw this.violation;
    const state = this.backend.state();
    const [asker] = this.waiting;
    if (asker !== undefined) {
      assert(
        (state.status === 'loading' || state.status === 'restarting') && state.model === asker.model,
        `${asker.model} is on its way while somebody waits for it, not ${JSON.stringify(state)}`,
      );
      return;
    }
    assert(state.status !== 'loading', 'no load lives without an asker');
    if (state.status !== 'idle') return;
    assert(
      this.engines.every(({ isAlive, isTold }) => !isAlive || isTold),
      'a process that nobody needs is told to end',
    );
  }

  /** Everybody does what he can until nobody waits; then the backend is closed. */
  async finish(): Promise<AskersCounts> {
    for (let round = 0; round < MOST_ROUNDS && this.waiting.length > 0; round += 1) {
      this.engines.at(-1)?.read();
      for (let i = 0; i < 4; i += 1) deliverOne(this.engines, i);
      for (let i = 0; i < 3; i += 1) this.notice(i);
      this.clock.advance(1000);
      await this.settle();
    }
    assert(this.waiting.length === 0, 'whoever waits gets an answer');
    const closed = this.backend.close();
    this.clock.advance(2 * DEFAULT_HOST_TIMEOUTS.killMs + OUTPUT_MS + 1);
    await closed;
    assert(
      this.engines.every(({ isAlive }) => !isAlive),
      'nothing is left of any process',
    );
    return this.counts;
  }

  /** Those who wait still. */
  private get waiting(): readonly Asker[] {
    return this.askers.filter(({ outcome, abort }) => outcome === null && !abort.signal.aborted);
  }

  private spawn(engine: SimulatedEngine): SimulatedEngine {
    for (const before of this.engines) assert(!before.isAlive, 'one process has the device at a time');
    this.engines.push(engine);
    return engine;
  }

  private ask(model: string): void {
    const isInTheWay = this.waiting.some((other) => other.model !== model);
    if (this.waiting.some((other) => other.model === model)) this.counts.shared += 1;
    if (this.engines.some(({ isTold, isAbandoned }) => isTold && !isAbandoned)) this.counts.anew += 1;
    const asker: Asker = { model, abort: new AbortController(), isInTheWay, outcome: null };
    this.askers.push(asker);
    const { signal } = asker.abort;
    this.backend
      .engine(model, { signal, asks: 'native' })
      .then(
        () => this.hearReady(asker),
        (error: unknown) => this.hearFailure(asker, error),
      )
      .catch((error: unknown) => (this.violation ??= error instanceof Error ? error : new Error(String(error))));
  }

  private hearReady(asker: Asker): void {
    assert(!asker.abort.signal.aborted, 'whoever has left is not told of the end');
    const state = this.backend.state();
    // One that was there before its process died is lent at once: requests wait for the next process by themselves.
    const isThere = state.status === 'ready' || state.status === 'restarting';
    assert(isThere && state.model === asker.model, `${asker.model} is there, not ${JSON.stringify(state)}`);
    asker.outcome = 'ready';
    this.counts.ready += 1;
  }

  private hearFailure(asker: Asker, error: unknown): void {
    const hasLeft = asker.abort.signal.aborted;
    const code = error instanceof ForgelightError ? error.code : String(error);
    asker.outcome = { code };
    if (hasLeft) return;
    if (code === 'busy') this.counts.busy += 1;
    else this.counts.failed += 1;
    assert(
      code === 'busy' ? asker.isInTheWay : code === 'out-of-memory' || code === 'device-lost',
      `a load does not end with ${code} while somebody waits for it`,
    );
  }

  private notice(pick: number): void {
    const told = this.engines.filter(({ notices }) => notices.length > 0);
    const engine = told[pick % Math.max(told.length, 1)];
    const notice = engine?.notices.shift();
    if (notice === 'exited') engine?.listener.exited(null, 'SIGKILL');
    if (notice === 'disconnected') engine?.listener.disconnected();
    if (notice === 'closed') engine?.listener.closed();
  }
}

function storedModel(fileName: string, index: number): ModelEntry {
  const sha256 = `${index + 1}`.repeat(64);
  const times = { createdAt: 0, lastUsedAt: 0 };
  return { state: 'ok', sha256, fileName, sizeBytes: 1, names: [], ...times, reason: null };
}
