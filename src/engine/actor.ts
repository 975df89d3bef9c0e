import { unreachable } from '../base/assert';
import type { Clock } from '../base/clock';
import { errorToData, ForgelightError } from '../base/errors';
import type { RequestId } from '../base/ids';
import type { Task } from '../protocol/commands';
import type { Timeouts } from '../protocol/engine-port';
import type { EngineEvent } from '../protocol/engine-events';
import type { Outcome, RequestEvent } from '../protocol/events';
import type { EngineSnapshot } from '../protocol/snapshot';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { refusal } from './admission';
import { ChunkPace } from './chunk-pace';
import { commitFailure, commitStep, type CommitContext } from './commit';
import { deviceLost, isFatal, isLoss, noPlace } from './failures';
import { checkInvariants } from './invariants';
import type { Mail } from './mail';
import { createListener, Outbox, type Listener } from './outbox';
import { choosesOnDevice, createRecord, knownOutcome, refusedEvent, type RequestRecord } from './request';
import { RequestTable } from './request-table';
import type { Runner } from './runner';
import { isAdmissible, schedule, type ActiveView, type StepPlan } from './scheduler';
import { assemble, rowsOf, type StepOutcome } from './step';
import { submitStep, type StepInFlight } from './step-in-flight';

/** Rows of one step that replays known tokens, of one request. */
const MAX_REPLAY_ROWS = 16;

export interface ActorOptions {
  readonly runner: Runner;
  readonly tokenizer: Pick<Tokenizer, 'endIds' | 'bytes'>;
  readonly clock: Clock;
  /** Requests that may wait; one more is refused with `busy`. */
  readonly maxQueued: number;
  /** Requests that run together; cut to the runner's decode rows. */
  readonly maxConcurrent: number;
  /** Steps in flight. */
  readonly depth: 1 | 2;
  readonly timeouts: Pick<Timeouts, 'stepMs' | 'requestMs'>;
  /**
   * Brings the model onto another device after a loss; requests wait meanwhile. `blocked` is told when the host refuses one until
   * then. Without it, or when it rejects, a loss ends the engine.
   */
  readonly recover?: (blocked: (retryAtMs: number) => void) => Promise<Runner>;
  /** Hears of every change of the engine's state and of a request's. Must not throw. */
  readonly announce?: (event: EngineEvent) => void;
  /** Hears of what nobody else can be told: a listener that throws, a broken invariant. */
  readonly report: (error: unknown) => void;
  /** For tests: called whenever the actor's state is whole, before it waits. */
  readonly inspect?: (table: RequestTable) => void;
}

/**
 * The one owner of all request state. Others send commands into its mailbox and receive events and immutable snapshots.
 *
 * One loop: drain the mailbox → schedule → submit step n+1 → await and commit step n → emit. Commands that came while a
 * step was awaited are drained before it is committed, so that a request whose `cancel` returned true gives no further
 * token. The loop runs while there is work and sleeps otherwise; a command wakes it.
 */
export class Actor {
  readonly #options: ActorOptions;
  readonly #outbox = new Outbox();
  readonly #table: RequestTable;
  readonly #pace = new ChunkPace();
  #runner: Runner;
  readonly #mailbox: Mail[] = [];
  #inFlight: StepInFlight[] = [];
  #lastKind: StepPlan['kind'] | null = null;
  #generations = 0;
  #running = false;
  /** Why new requests are refused, once they are. */
  #refusal: ForgelightError | null = null;
  /** A device was lost that has not taken over yet. */
  #lostAhead: { readonly runner: Runner; readonly error: unknown } | null = null;
  readonly #closers: (() => void)[] = [];

  /** Throws `invalid-request` when the timeouts contradict each other. */
  constructor(options: ActorOptions) {
    const { runner, timeouts } = options;
    if (!(timeouts.stepMs > 0 && timeouts.stepMs < timeouts.requestMs)) {
      throw new ForgelightError(
        'invalid-request',
        `timeouts.stepMs (${timeouts.stepMs}) must be above 0 and below timeouts.requestMs (${timeouts.requestMs}).`,
        { param: 'timeouts' },
      );
    }
    const maxActive = Math.max(1, Math.min(options.maxConcurrent, runner.limits.maxSlots));
    this.#options = options;
    this.#runner = runner;
    this.#table = new RequestTable(runner.limits, maxActive, this.#outbox);
  }

  /** The runner of the device that runs now, or ran last. */
  get runner(): Runner {
    return this.#runner;
  }

  /** Never throws: a request that is refused gets `ended` alone. `emit` is never called before this returns. */
  submit(id: RequestId, task: Task, emit: (event: RequestEvent) => void): void {
    this.#generations += 1;
    const listener = createListener(id, this.#generations, emit);
    this.#send({ type: 'submit', listener, task, submittedAtMs: this.#options.clock.now() });
  }

  /**
   * True if the request was alive. No later step gives it a token then, and it ends as `cancelled` within one step, unless
   * something else (its deadline, the loss of the device) was on its way to end it already. May be called any number of times.
   */
  cancel(id: RequestId): boolean {
    const isAlive =
      this.#table.live.has(id) || this.#mailbox.some((mail) => mail.type === 'submit' && mail.listener.id === id);
    if (isAlive) this.#send({ type: 'cancel', id });
    return isAlive;
  }

  /** An immutable copy; the same object while nothing changes. */
  snapshot(): EngineSnapshot {
    return this.#table.snapshot();
  }

  /**
   * Tells that the device behind `runner` is gone: steps in flight are not waited for. Live requests wait for another device and
   * go on there; without one they fail with `device-lost`.
   */
  deviceLost(runner: Runner, error: unknown): void {
    this.#send({ type: 'lost', runner, error });
    this.#abandonSteps(runner, error);
  }

  /** Ends all live requests with `closed`, and resolves when no step is in flight any more. May be called again. */
  close(): Promise<void> {
    return new Promise((closed) => this.#send({ type: 'close', closed }));
  }

  #send(mail: Mail): void {
    this.#mailbox.push(mail);
    this.#wake();
  }

  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // a command returns before anything comes of it
    try {
      while (await this.#turn());
    } catch (error) {
      this.#crash(error);
    }
    this.#running = false;
    if (this.#mailbox.length > 0) this.#wake();
  }

  /** One round of the loop; false when it has nothing to wait for. */
  async #turn(): Promise<boolean> {
    this.#drain();
    this.#submitSteps();
    this.#emit();
    const step = this.#inFlight[0];
    if (step === undefined) {
      this.#rest();
      return false;
    }
    const cancelWatchdog = this.#watch(step);
    const startedMs = this.#options.clock.now();
    const outcome = await step.settled;
    cancelWatchdog();
    this.#drain();
    this.#inFlight.shift();
    this.#commit(step, outcome);
    const { kind, rows } = step.batch;
    if (kind === 'prefill') this.#pace.note(rows.length, this.#options.clock.now() - startedMs);
    this.#emit();
    return true;
  }

  /** No step is in flight. */
  #rest(): void {
    for (const closed of this.#closers.splice(0)) closed();
    checkInvariants(this.#table);
  }

  #drain(): void {
    for (let mail = this.#mailbox.shift(); mail !== undefined; mail = this.#mailbox.shift()) this.#obey(mail);
  }

  #obey(mail: Mail): void {
    switch (mail.type) {
      case 'submit':
        return this.#accept(mail.listener, mail.task, mail.submittedAtMs);
      case 'cancel':
        return this.#end(this.#table.live.get(mail.id), { kind: 'cancelled' });
      case 'end':
        return this.#end(this.#table.find(mail.id, mail.generation), mail.outcome);
      case 'lost':
        return this.#lose(mail.runner, mail.error, this.#inFlight[0]);
      case 'blocked':
        return this.#block(mail.retryAtMs);
      case 'restored':
        return this.#restore(mail.runner);
      case 'gone':
        return this.#stop(deviceLost(mail.error), 'gone');
      case 'close':
        return this.#close(mail.closed);
      default:
        return unreachable(mail);
    }
  }

  #accept(listener: Listener, task: Task, submittedAtMs: number): void {
    const { clock, maxQueued, timeouts, tokenizer } = this.#options;
    const { id, generation } = listener;
    const { limits } = this.#table;
    const error = this.#refusal ?? noPlace(id, this.#table, maxQueued) ?? refusal(id, task, limits);
    if (error !== null) return this.#refuse(listener, task, error);
    let record: RequestRecord;
    try {
      record = createRecord(listener, task, { tokenizer, limits });
    } catch (fault) {
      return this.#refuse(listener, task, fault); // options that the sampler or the stop strings do not take
    }
    const leftMs = Math.max(0, submittedAtMs + timeouts.requestMs - clock.now());
    const expire = (): void => this.#send({ type: 'end', id, generation, outcome: { kind: 'timed_out' } });
    record.cancelDeadline = clock.after(leftMs, expire);
    this.#table.accept(record);
  }

  #refuse(listener: Listener, task: Task, error: unknown): void {
    const data = { ...errorToData(error, 'invalid-request'), requestId: listener.id };
    this.#outbox.post(listener, refusedEvent(listener, task, { kind: 'failed', error: data }));
  }

  #end(record: RequestRecord | null | undefined, outcome: Outcome): void {
    if (record === null || record === undefined) return; // it ended by itself in the meantime, and has said so
    this.#table.end(record, outcome, this.#options.clock.now());
  }

  /** Live requests fail, later ones are refused. */
  #stop(error: ForgelightError, state: 'gone' | 'closed'): void {
    if (this.#table.state === 'closed' || this.#table.state === state) return;
    this.#refusal = error;
    for (const record of this.#table.live.values()) this.#table.fail(record, error, this.#options.clock.now());
    this.#table.enter(state, state === 'gone' ? { error } : {});
  }

  /** `step`: what the device was working on. */
  #lose(runner: Runner, cause: unknown, step?: StepInFlight): void {
    if (runner !== this.#runner) this.#lostAhead = { runner, error: cause };
    if (runner !== this.#runner || this.#table.state !== 'ready') return; // another device runs by now, or is awaited
    this.#abandonSteps(runner, cause);
    const { recover } = this.#options;
    if (recover === undefined) return this.#stop(deviceLost(cause), 'gone');
    this.#table.loseDevice(step?.members ?? [], cause, this.#options.clock.now());
    this.#table.enter('lost');
    const recovering = (async () => recover((retryAtMs) => this.#send({ type: 'blocked', retryAtMs })))();
    void recovering.then(
      (next) => this.#send({ type: 'restored', runner: next }),
      (error: unknown) => this.#send({ type: 'gone', error }),
    );
  }

  #block(retryAtMs: number): void {
    if (this.#table.state === 'lost') this.#table.enter('blocked', { retryAtMs });
  }

  /** Live requests go on where they were; what does not fit on the new device fails, and says what would. */
  #restore(runner: Runner): void {
    if (this.#table.state !== 'lost' && this.#table.state !== 'blocked') return;
    this.#runner = runner;
    this.#table.replaceDevice(runner.limits);
    this.#table.enter('ready');
    for (const record of this.#table.live.values()) {
      const error = refusal(record.listener.id, record.task, runner.limits);
      if (error !== null) this.#table.fail(record, error, this.#options.clock.now());
    }
    if (this.#lostAhead?.runner === runner) this.#lose(runner, this.#lostAhead.error);
  }

  #close(closed: () => void): void {
    this.#closers.push(closed);
    this.#stop(new ForgelightError('closed', 'The engine was closed. Create another one to go on.'), 'closed');
  }

  #submitSteps(): void {
    if (this.#table.state !== 'ready') return;
    for (;;) {
      this.#admit();
      const { maxDecodeRows } = this.#table.limits;
      const plan = schedule({
        active: this.#table.active.map(activeView),
        chunkTokens: this.#pace.tokens(this.#table.limits),
        replayRows: Math.min(MAX_REPLAY_ROWS, maxDecodeRows),
        lastKind: this.#lastKind,
        stepsInFlight: this.#inFlight.length,
        depth: this.#options.depth,
      });
      if (plan === null) return;
      const rows = rowsOf(plan, this.#table);
      if (!rows.every(({ record, from, to }) => this.#table.reserve(record, from, to))) continue; // somebody lost its place
      this.#lastKind = plan.kind;
      this.#inFlight.push(submitStep(assemble(plan, this.#table), this.#runner));
      if (plan.kind === 'prefill') for (const { record, to } of rows) this.#table.share(record, to);
    }
  }

  #admit(): void {
    for (;;) {
      const { active, maxActive, queue, kv } = this.#table;
      const [first] = queue;
      if (first === undefined) return;
      const known = knownOutcome(first);
      if (known !== null) {
        this.#end(first, { kind: known }); // another engine had emitted all of it
        continue;
      }
      const blocks = this.#table.blocksToAdmit(first);
      const view = { blocks, activeCount: active.length, maxActive, freeBlocks: kv.pool.freeBlocks };
      if (!isAdmissible(view)) return;
      this.#table.admit(first.listener.id, this.#options.clock.now());
    }
  }

  /** Watches the step that the device must be working on: its time began when the one before it was done. */
  #watch(step: StepInFlight): () => void {
    const { clock, timeouts } = this.#options;
    return clock.after(timeouts.stepMs, () => {
      const message = `The device did not finish a step within ${timeouts.stepMs} ms (timeouts.stepMs). Load the model again, or allow more time.`;
      step.settle({ kind: 'failed', error: new ForgelightError('timeout', message) });
    });
  }

  #commit(step: StepInFlight, outcome: StepOutcome): void {
    if (step.runner !== this.#runner) return; // its device was lost, and another one is here
    const context: CommitContext = {
      table: this.#table,
      outbox: this.#outbox,
      endIds: this.#options.tokenizer.endIds,
      nowMs: this.#options.clock.now(),
    };
    if (outcome.kind === 'results') {
      commitStep(step, outcome.results, context);
    } else {
      if (isLoss(outcome.error)) this.#lose(step.runner, outcome.error, step);
      commitFailure(step, outcome.error, context);
      if (isFatal(outcome.error)) this.#lose(step.runner, outcome.error);
    }
  }

  /** Steps in flight are no longer waited for; what they still bring is ignored. */
  #abandonSteps(runner: Runner, error: unknown): void {
    for (const step of this.#inFlight) if (step.runner === runner) step.settle({ kind: 'failed', error });
  }

  /** A listener that throws is gone, like a closed tab: its request is cancelled. */
  #emit(): void {
    this.#options.inspect?.(this.#table);
    for (const event of this.#outbox.takeAnnouncements()) this.#options.announce?.(event);
    this.#outbox.flush((listener, error) => {
      this.#options.report(error);
      this.#send({ type: 'end', id: listener.id, generation: listener.generation, outcome: { kind: 'cancelled' } });
    });
  }

  /** A broken invariant: the state is not to be trusted, so all of it goes, and every listener is told. */
  #crash(error: unknown): void {
    this.#options.report(error);
    this.#abandonSteps(this.#runner, error);
    this.#inFlight = [];
    this.#refusal ??= new ForgelightError(
      'device-lost',
      'The engine stopped after an error of its own. Load the model again.',
      {
        cause: error,
      },
    );
    this.#table.abandon(this.#refusal);
    this.#emit();
    for (const closed of this.#closers.splice(0)) closed();
  }
}

function activeView(record: RequestRecord): ActiveView {
  const { answer, submitted } = record;
  return {
    id: record.listener.id,
    promptTokens: record.task.promptIds.length,
    knownTokens: record.history.length,
    submitted,
    maxOutputs: answer?.maxOutputs ?? 0,
    runsAhead: choosesOnDevice(record),
  };
}
