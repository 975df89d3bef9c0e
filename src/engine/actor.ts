import { defined, unreachable } from '../base/assert';
import type { Clock } from '../base/clock';
import { errorToData, ForgelightError } from '../base/errors';
import type { RequestId } from '../base/ids';
import type { Task } from '../protocol/commands';
import type { Timeouts } from '../protocol/engine-port';
import type { Outcome, RequestEvent } from '../protocol/events';
import type { EngineSnapshot } from '../protocol/snapshot';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { refusal } from './admission';
import { commitFailure, commitStep, type CommitContext } from './commit';
import { checkInvariants } from './invariants';
import { createListener, Outbox, type Listener } from './outbox';
import { createRecord, generatedTokens, refusedEvent, type RequestRecord } from './request';
import { RequestTable } from './request-table';
import type { Runner } from './runner';
import { admissible, schedule, type ActiveView } from './scheduler';
import { assemble, type Step, type StepOutcome } from './step';

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
  /** Rows of a prefill step; default and upper bound: the runner's. */
  readonly chunkTokens?: number;
  /** Hears of what nobody else can be told: a listener that throws, a broken invariant. */
  readonly report: (error: unknown) => void;
  /** For tests: called whenever the actor's state is whole, before it waits. */
  readonly inspect?: (table: RequestTable) => void;
}

type Mail =
  | {
      readonly type: 'submit';
      readonly listener: Listener;
      readonly task: Task;
      readonly submittedAtMs: number;
    }
  | { readonly type: 'cancel'; readonly id: RequestId }
  /** One certain request, not whoever bears its id by then. */
  | { readonly type: 'end'; readonly id: RequestId; readonly generation: number; readonly outcome: Outcome }
  | { readonly type: 'lost'; readonly error: unknown }
  | { readonly type: 'close'; readonly closed: () => void };

/** A step that the device works on. `settle` ends the wait for it: the first outcome counts. */
interface StepInFlight extends Step {
  readonly settled: Promise<StepOutcome>;
  readonly settle: (outcome: StepOutcome) => void;
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
  readonly #chunkTokens: number;
  readonly #mailbox: Mail[] = [];
  #inFlight: StepInFlight[] = [];
  #lastKind: 'prefill' | 'decode' | null = null;
  #generations = 0;
  #running = false;
  /** Why new requests are refused, once they are. */
  #refusal: ForgelightError | null = null;
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
    const maxActive = Math.max(1, Math.min(options.maxConcurrent, runner.limits.maxDecodeRows));
    this.#options = options;
    this.#table = new RequestTable(runner.limits, maxActive, this.#outbox);
    this.#chunkTokens = Math.max(1, Math.min(options.chunkTokens ?? Infinity, runner.limits.maxChunkTokens));
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

  /** Tells that the device is gone: every live request fails with `device-lost`, steps in flight are not waited for. */
  deviceLost(error: unknown): void {
    this.#send({ type: 'lost', error });
    this.#abandonSteps(error);
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
    const outcome = await step.settled;
    cancelWatchdog();
    this.#inFlight.shift();
    this.#drain();
    this.#commit(step, outcome);
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
        return this.#lose(mail.error);
      case 'close':
        return this.#close(mail.closed);
      default:
        return unreachable(mail);
    }
  }

  #accept(listener: Listener, task: Task, submittedAtMs: number): void {
    const { clock, maxQueued, timeouts, runner, tokenizer } = this.#options;
    const { id, generation } = listener;
    const error = this.#refusal ?? this.#whyNot(id, maxQueued) ?? refusal(id, task, runner.limits);
    if (error !== null) return this.#refuse(listener, task, error);
    let record: RequestRecord;
    try {
      record = createRecord(listener, task, { tokenizer, limits: runner.limits });
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

  /** Why the engine cannot take a request with this id now. */
  #whyNot(id: RequestId, maxQueued: number): ForgelightError | null {
    if (this.#table.live.has(id)) {
      return new ForgelightError(
        'invalid-request',
        `Request ${id} is still running; give each request a number of its own.`,
      );
    }
    const { active, maxActive, queue } = this.#table;
    const places = maxQueued + Math.max(0, maxActive - active.length);
    if (queue.length < places) return null;
    return new ForgelightError(
      'busy',
      `${active.length} requests run and ${queue.length} wait, which is as many as this engine takes (maxQueued ${maxQueued}). Try again when one has ended.`,
    );
  }

  #end(record: RequestRecord | null | undefined, outcome: Outcome): void {
    if (record === null || record === undefined) return; // it ended by itself in the meantime, and has said so
    this.#table.end(record, outcome, this.#options.clock.now());
  }

  /** Live requests fail, later ones are refused. */
  #stop(error: ForgelightError, state: 'lost' | 'closed'): void {
    if (this.#table.state === 'closed' || this.#table.state === state) return;
    this.#refusal = error;
    for (const record of this.#table.live.values()) this.#table.fail(record, error, this.#options.clock.now());
    this.#table.enter(state);
  }

  #lose(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error =
      cause instanceof ForgelightError && cause.code === 'device-lost'
        ? cause
        : new ForgelightError('device-lost', `The device was lost (${reason}). Load the model again to go on.`, {
            cause,
          });
    this.#abandonSteps(error);
    this.#stop(error, 'lost');
  }

  #close(closed: () => void): void {
    this.#closers.push(closed);
    this.#stop(new ForgelightError('closed', 'The engine was closed. Create another one to go on.'), 'closed');
  }

  #submitSteps(): void {
    if (this.#table.state !== 'ready') return;
    for (;;) {
      this.#admit();
      const plan = schedule({
        active: this.#table.active.map(activeView),
        chunkTokens: this.#chunkTokens,
        lastKind: this.#lastKind,
        stepsInFlight: this.#inFlight.length,
        depth: this.#options.depth,
      });
      if (plan === null) return;
      this.#lastKind = plan.kind;
      this.#submit(assemble(plan, this.#table));
    }
  }

  #admit(): void {
    const { active, maxActive, queue, unpromisedBlocks } = this.#table;
    const waiting = queue.map((record) => ({ id: record.listener.id, blockBudget: record.blockBudget }));
    const ids = admissible({ queue: waiting, activeCount: active.length, maxActive, unpromisedBlocks });
    for (const id of ids) this.#table.admit(id, this.#options.clock.now());
  }

  #submit(step: Step): void {
    const { promise: settled, settle } = createOutcome();
    this.#inFlight.push({ ...step, settled, settle });
    // An async function, so that a throw while encoding is a rejection like any other.
    const submitted = (async () => this.#options.runner.submit(step.batch))();
    void submitted.then(
      (results) => settle({ kind: 'results', results }),
      (error: unknown) => settle({ kind: 'failed', error }),
    );
  }

  /** Watches the step that the device must be working on: its time began when the one before it was done. */
  #watch(step: StepInFlight): () => void {
    const { clock, timeouts } = this.#options;
    return clock.after(timeouts.stepMs, () => {
      const message = `The device did not finish a step within ${timeouts.stepMs} ms (timeouts.stepMs). Load the model again, or allow more time.`;
      step.settle({ kind: 'failed', error: new ForgelightError('timeout', message) });
    });
  }

  #commit(step: Step, outcome: StepOutcome): void {
    const context: CommitContext = {
      table: this.#table,
      outbox: this.#outbox,
      endIds: this.#options.tokenizer.endIds,
      nowMs: this.#options.clock.now(),
    };
    if (outcome.kind === 'results') {
      commitStep(step, outcome.results, context);
    } else {
      commitFailure(step, outcome.error, context);
      if (isFatal(outcome.error)) this.#lose(outcome.error);
    }
  }

  /** Steps in flight are no longer waited for; what they still bring is ignored. */
  #abandonSteps(error: unknown): void {
    for (const step of this.#inFlight) step.settle({ kind: 'failed', error });
  }

  /** A listener that throws is gone, like a closed tab: its request is cancelled. */
  #emit(): void {
    this.#options.inspect?.(this.#table);
    this.#outbox.flush((listener, error) => {
      this.#options.report(error);
      this.#send({ type: 'end', id: listener.id, generation: listener.generation, outcome: { kind: 'cancelled' } });
    });
  }

  /** A broken invariant: the state is not to be trusted, so all of it goes, and every listener is told. */
  #crash(error: unknown): void {
    this.#options.report(error);
    this.#abandonSteps(error);
    this.#inFlight = [];
    this.#refusal ??= new ForgelightError(
      'device-lost',
      'The engine stopped after an error of its own. Load the model again.',
      {
        cause: error,
      },
    );
    this.#table.abandon();
    this.#emit();
    for (const closed of this.#closers.splice(0)) closed();
  }
}

function isFatal(error: unknown): boolean {
  return !(error instanceof ForgelightError) || error.code === 'device-lost' || error.code === 'timeout';
}

function createOutcome(): { promise: Promise<StepOutcome>; settle: (outcome: StepOutcome) => void } {
  let settle: ((outcome: StepOutcome) => void) | undefined;
  const promise = new Promise<StepOutcome>((resolve) => {
    settle = resolve;
  });
  return { promise, settle: defined(settle, 'resolver of a promise') };
}

function activeView(record: RequestRecord): ActiveView {
  const { answer } = record;
  return {
    id: record.listener.id,
    promptTokens: record.task.promptIds.length,
    promptSubmitted: record.promptSubmitted,
    outputsSubmitted: answer?.outputsSubmitted ?? 0,
    outputsCommitted: generatedTokens(record),
    maxOutputs: answer?.maxOutputs ?? 0,
    runsAhead: answer?.sampler.mode === 'argmax',
  };
}
