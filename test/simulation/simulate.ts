import { assert, unreachable } from '../../src/base/assert';
import { ForgelightError } from '../../src/base/errors';
import { type RequestId, requestId, tokenId } from '../../src/base/ids';
import { Actor } from '../../src/engine/actor';
import { capacityTokens } from '../../src/engine/admission';
import { checkInvariants, checkSuccession } from '../../src/engine/invariants';
import type { RequestTable } from '../../src/engine/request-table';
import type { Runner, RunnerLimits } from '../../src/engine/runner';
import type { GenerateTask, Task } from '../../src/protocol/commands';
import type { EngineEvent } from '../../src/protocol/engine-events';
import type { EngineSnapshot, RequestState } from '../../src/protocol/snapshot';
import { type FailureCauses, Journal } from './journal';
import type { Action, Reaction, Scenario, SubmitAction } from './scenario';
import { SimulatedClock } from './simulated-clock';
import { limitsOf, smallerLimits } from './toy-limits';
import { ToyRunner } from './toy-runner';
import { SAMPLING, soloRun, toyTokenizer } from './toy-task';

const STEP_MS = 400;
const REQUEST_MS = 600;
/** More microtasks than the loop needs from one wait to the next. */
const SETTLED_TICKS = 20;

class ListenerFault extends Error {}

/** The engine's wait for another device. */
interface Recovery {
  readonly restored: (runner: Runner) => void;
  readonly blocked: (retryAtMs: number) => void;
  readonly failed: (error: unknown) => void;
}

/** The task as another engine left it after `emitted` tokens, if it had not ended by then. */
function resumed(task: GenerateTask, emitted: number, limits: RunnerLimits): GenerateTask {
  const { tokens, outcome, completionTokens } = soloRun(task, limits);
  const wasStoppedByText = outcome === 'stop' && completionTokens === tokens.length;
  return { ...task, emittedIds: tokens.slice(0, Math.min(emitted, tokens.length - (wasStoppedByText ? 1 : 0))) };
}

/** What is read and kept cannot change any more. */
function isDeepFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeepFrozen);
}

/** Runs one schedule on the real actor to its end; throws on the first violation. */
export async function simulate(scenario: Scenario): Promise<Simulation> {
  const simulation = new Simulation(scenario);
  for (const { action, ticks } of scenario.actions) {
    simulation.act(action);
    await simulation.pass(ticks);
  }
  await simulation.finish();
  return simulation;
}

export class Simulation {
  readonly journals: Journal[] = [];
  readonly clock = new SimulatedClock();
  runner: ToyRunner;
  readonly actor: Actor;
  limits: RunnerLimits;
  readonly counts = { preemptions: 0, replays: 0, forgetfulRows: 0, restores: 0 };
  readonly #scenario: Omit<Scenario, 'actions'>;
  readonly #causes: FailureCauses = { closed: false, lost: false, lostTwice: false, timedOut: false, smallest: null };
  readonly #places = new Map<RequestId, RequestState>();
  readonly #faults: Error[] = [];
  /** Whole contexts fit, so that nobody has to lose its place to another. */
  #isRoomy: boolean;
  /** Lost devices. */
  #losses = 0;
  /** Failed steps and lost devices: each may cost every request its place once. */
  #disturbances = 0;
  #hasFailedStep = false;
  /** The device that runs has given a reason to give it up. */
  #mayBeLost = false;
  /** Who loses its place now loses it to another. */
  #isSound = true;
  #previousRunner: ToyRunner | null = null;
  #isEmitting = false;
  #recovery: Recovery | null = null;
  #lastSnapshot: EngineSnapshot | null = null;

  constructor(scenario: Omit<Scenario, 'actions'>) {
    const { contextLength, totalBlocks, blockTokens, maxConcurrent } = scenario;
    this.#scenario = scenario;
    this.limits = limitsOf(scenario);
    this.#isRoomy = totalBlocks >= maxConcurrent * Math.ceil(contextLength / blockTokens);
    this.runner = new ToyRunner(this.limits);
    this.actor = new Actor({
      runner: this.runner,
      tokenizer: toyTokenizer,
      clock: this.clock,
      maxQueued: scenario.maxQueued,
      maxConcurrent: scenario.maxConcurrent,
      depth: scenario.depth,
      timeouts: { stepMs: STEP_MS, requestMs: REQUEST_MS },
      recover: (blocked) => {
        if (this.#recovery !== null) this.#fault(new Error('one device is looked for at a time'));
        if (!this.#mayBeLost) this.#fault(new Error('a device is given up that nobody lost'));
        return new Promise((restored, failed) => {
          this.#recovery = { restored, blocked, failed };
        });
      },
      report: (error) => {
        if (!(error instanceof ListenerFault)) this.#fault(error);
      },
      announce: (event) => this.#hear(event),
      inspect: (table) => {
        try {
          this.#inspect(table);
        } catch (error) {
          this.#fault(error);
        }
      },
    });
  }

  #inspect(table: RequestTable): void {
    const { depth, maxConcurrent, maxQueued } = this.#scenario;
    checkInvariants(table);
    this.#isSound = table.state === 'ready' && !this.#hasFailedStep;
    assert(table.live.size <= maxConcurrent + maxQueued, 'more requests are taken than there are places');
    assert(this.runner.maxPending <= depth, 'too many steps in flight');
    for (const { incarnation, listener } of table.live.values())
      assert(!this.#isRoomy || incarnation <= this.#disturbances, `request ${listener.id} lost its place for nothing`);
    const snapshot = table.snapshot();
    if (snapshot === this.#lastSnapshot) return;
    if (this.#lastSnapshot !== null) checkSuccession(this.#lastSnapshot, snapshot);
    assert(isDeepFrozen(snapshot), 'a snapshot can change after it was given');
    this.#lastSnapshot = snapshot;
  }

  #hear(event: EngineEvent): void {
    if (event.type === 'state' && event.state === 'ready') this.counts.restores += 1;
    if (event.type !== 'request') return;
    const known = this.#places.get(event.requestId);
    if (known !== undefined && event.state === 'queued' && this.#isSound) this.counts.preemptions += 1;
    if (event.state === 'ended') this.#places.delete(event.requestId);
    else this.#places.set(event.requestId, event.state);
  }

  act(action: Action): void {
    switch (action.type) {
      case 'submit':
        return this.submit(action);
      case 'cancel':
        return this.cancel(action.id);
      case 'deliver':
        return this.runner.deliver(Math.min(action.index, this.runner.pending.length - 1));
      case 'fail':
        return this.fail(action.error);
      case 'refuse':
        this.#failStep(false);
        return this.runner.refuseNext();
      case 'poison':
        return this.runner.poisonNext();
      case 'advance':
        return this.advance(action.byMs);
      case 'lost':
        return this.lose(action.which);
      case 'recovery':
        return this.recover(action.ends);
      case 'close':
        this.#causes.closed = true;
        return void this.actor.close().catch((error: unknown) => this.#fault(error));
      default:
        return unreachable(action);
    }
  }

  fail(error: 'out-of-memory' | 'device-lost' | 'unknown'): void {
    this.#failStep(error !== 'out-of-memory');
    if (error === 'unknown') this.#causes.lost = true; // nobody knows what the device is worth: its requests are not tried again
    this.runner.fail(0, error === 'unknown' ? new TypeError('boom') : new ForgelightError(error, 'simulated'));
  }

  advance(byMs: number): void {
    if (this.runner.pending.length > 0) {
      this.#disturb(true); // as far as anyone knows, the step took too long
      this.#causes.timedOut = true;
    }
    this.clock.advance(byMs);
  }

  lose(which: 'current' | 'previous'): void {
    const runner = which === 'current' ? this.runner : this.#previousRunner;
    if (runner === null) return;
    if (which === 'current') this.#disturb(true);
    this.actor.deviceLost(runner, new ForgelightError('device-lost', 'simulated'));
  }

  #failStep(isLoss: boolean): void {
    this.#disturb(isLoss);
    this.#hasFailedStep = true;
  }

  #disturb(isLoss: boolean): void {
    this.#disturbances += 1;
    if (!isLoss) return;
    this.#losses += 1;
    this.#causes.lostTwice = this.#losses > 1;
    this.#mayBeLost = true;
  }

  /** The search for another device ends so, if there is one. */
  recover(ends: 'restored' | 'smaller' | 'blocked' | 'failed'): void {
    const recovery = this.#recovery;
    if (recovery === null) return;
    if (ends === 'blocked') return recovery.blocked(this.clock.now() + 120_000);
    this.#recovery = null;
    if (ends === 'failed') this.#causes.lost = true;
    if (ends === 'failed') return recovery.failed(new ForgelightError('device-lost', 'no device came back'));
    if (ends === 'smaller') this.#shrink();
    this.#retire();
    this.#mayBeLost = false;
    this.#previousRunner = this.runner;
    this.runner = new ToyRunner(this.limits);
    recovery.restored(this.runner);
  }

  #shrink(): void {
    this.limits = smallerLimits(this.#scenario);
    this.#isRoomy = false;
    this.#causes.smallest = capacityTokens(this.limits);
  }

  /** What the device that goes was still to say comes late, and its counts are taken over. */
  #retire(): void {
    while (this.runner.pending.length > 0) this.runner.deliver(0);
    this.counts.replays += this.runner.replays;
    this.counts.forgetfulRows += this.runner.forgetfulRows;
  }

  submit(action: SubmitAction): void {
    const { id, reaction } = action;
    const before = action.isFollowUp ? (this.journals.at(-1)?.conversation ?? []) : [];
    const task = taskOf({ ...action, prompt: [...before, ...action.prompt] }, this.limits);
    const journal = new Journal(id, task, this.limits, this.clock.now() + REQUEST_MS);
    this.journals.push(journal);
    let isInside = true; // of submit
    this.actor.submit(requestId(id), task, (event) => {
      if (isInside) this.#faults.push(new Error('emit is called inside submit'));
      try {
        journal.write(event, this.clock.now());
      } catch (error) {
        this.#fault(error);
      }
      if (reaction?.at !== journal.count - 1) return;
      this.#isEmitting = true;
      try {
        this.#react(journal, reaction);
      } finally {
        this.#isEmitting = false;
      }
    });
    isInside = false;
  }

  cancel(id: number): void {
    const alive = this.journals.filter((journal) => journal.id === id && journal.ended === null);
    const wasAlive = this.actor.cancel(requestId(id));
    assert(wasAlive || alive.length === 0 || this.#isAboutToHear(id), `cancel of live request ${id} says false`);
    assert(!wasAlive || alive.length > 0, `cancel of dead request ${id} says true`);
    // With the id in use twice (one is about to be refused) the cancel may be meant for either.
    const first = alive[0];
    if (!wasAlive || first === undefined || alive.length > 1) return;
    // A listener may cancel while events of the same step are still on their way out.
    if (this.#isEmitting) void Promise.resolve().then(() => (first.cancelled = true));
    else first.cancelled = true;
  }

  /** Lets `ticks` microtasks pass. */
  async pass(ticks: number): Promise<void> {
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    this.#rethrow();
  }

  /** One step later, a request that was cancelled or whose time is up has ended. */
  async deliverOne(): Promise<void> {
    this.clock.advance(0); // what fell due when it was set
    const doomed = this.journals.filter((journal) => journal.cancelled || this.clock.now() >= journal.deadlineMs);
    this.runner.deliver(0);
    await this.pass(SETTLED_TICKS);
    for (const journal of doomed) assert(journal.ended !== null, `request ${journal.id} was to end, and lives on`);
  }

  /** Lets everything run to its end and checks what is left. */
  async finish(): Promise<void> {
    await this.pass(SETTLED_TICKS);
    for (let step = 0; this.runner.pending.length > 0 || this.#recovery !== null; step++) {
      assert(step < 1000, 'the engine does not come to an end');
      this.recover('restored');
      await this.deliverOne();
    }
    const snapshot = this.actor.snapshot();
    assert(snapshot.kv.freeBlocks === snapshot.kv.totalBlocks, 'blocks leak');
    assert(
      snapshot.requests.every((request) => request.state === 'ended'),
      'a request is stuck',
    );
    assert(this.clock.pending === 0, `${this.clock.pending} timers leak`);
    for (const journal of this.journals) journal.check(this.#causes);
    this.#retire();
    await this.#closeTwice();
  }

  async #closeTwice(): Promise<void> {
    let closed = 0;
    for (const closing of [this.actor.close(), this.actor.close()]) void closing.then(() => (closed += 1));
    await this.pass(SETTLED_TICKS);
    assert(closed === 2, 'close does not resolve');
    assert(this.actor.snapshot().state === 'closed', 'closed is not the last state');
  }

  /** The engine has ended it, but the event is still on its way. */
  #isAboutToHear(id: number): boolean {
    return this.actor.snapshot().requests.every((request) => request.id !== id || request.state === 'ended');
  }

  #react(journal: Journal, reaction: Reaction): void {
    switch (reaction.kind) {
      case 'throw':
        journal.isDeaf = true;
        void Promise.resolve().then(() => (journal.cancelled ||= journal.ended === null));
        throw new ListenerFault('a listener throws');
      case 'cancel-self':
        return this.cancel(journal.id);
      case 'cancel-other':
        return this.cancel((journal.id % 10) + 1);
      case 'submit-again':
        return this.submit({
          type: 'submit',
          id: journal.id,
          kind: 'argmax',
          prompt: [4, 9, journal.id],
          maxTokens: 5,
          emitted: 0,
          stop: [],
          isFollowUp: false,
          reaction: null,
        });
      default:
        return unreachable(reaction.kind);
    }
  }

  #fault(error: unknown): void {
    this.#faults.push(
      error instanceof Error ? error : new Error('something else than an Error was thrown', { cause: error }),
    );
  }

  #rethrow(): void {
    const [fault] = this.#faults;
    if (fault !== undefined) throw fault;
  }
}

function taskOf({ kind, prompt, maxTokens, emitted, stop }: SubmitAction, limits: RunnerLimits): Task {
  const promptIds = prompt.map(tokenId);
  switch (kind) {
    case 'evaluate':
      return { kind, promptIds, positions: [...promptIds.keys()].filter((at) => (at + maxTokens) % 2 === 0) };
    case 'embed':
      return { kind, promptIds };
    default:
      return resumed(
        { kind: 'generate', promptIds, emittedIds: [], maxTokens, stop, sampling: SAMPLING[kind] },
        emitted,
        limits,
      );
  }
}
