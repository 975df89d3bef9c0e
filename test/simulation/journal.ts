import { assert } from '../../src/base/assert';
import type { ErrorCode } from '../../src/base/errors';
import type { TokenId } from '../../src/base/ids';
import type { RunnerLimits } from '../../src/engine/runner';
import type { GenerateTask, Task } from '../../src/protocol/commands';
import type { RequestEvent } from '../../src/protocol/events';
import { AnswerText } from '../../src/engine/answer-text';
import { soloRun, toyTokenizer } from './toy-task';
import { toyEmbedding, toyHash, toyLogits, toyText } from './toy-runner';

type Ended = Extract<RequestEvent, { type: 'ended' }>;

/** What happened in a schedule that requests may fail of. */
export interface FailureCauses {
  closed: boolean;
  lost: boolean;
  /** What a request does may be what devices are lost of. */
  lostTwice: boolean;
  timedOut: boolean;
  /** Tokens that a request can hold on the smallest device, where one was smaller than the one before. */
  smallest: number | null;
}

/** The engine takes no request of this kind, or none now: it is the only event then. */
const REFUSALS: readonly ErrorCode[] = ['busy', 'invalid-request', 'context-overflow', 'device-blocked'];
/** One step failed, or what it computed is not to be used. */
const STEP_FAILURES: readonly ErrorCode[] = ['out-of-memory', 'corrupt-model', 'timeout'];

function isPlausible(code: ErrorCode, isRefused: boolean, causes: FailureCauses): boolean {
  if (REFUSALS.includes(code)) return isRefused || (code === 'context-overflow' && causes.smallest !== null);
  if (code === 'closed') return causes.closed;
  if (code === 'device-lost') return causes.lost;
  if (code === 'timeout') return causes.timedOut || causes.lostTwice;
  return STEP_FAILURES.includes(code);
}

/** What may come before a cancel: a refusal, a watchdog, the end of the whole engine. */
function mayEndACancelled({ outcome }: Ended): boolean {
  if (outcome.kind === 'failed') return outcome.error.code === 'timeout' || !STEP_FAILURES.includes(outcome.error.code);
  return outcome.kind === 'cancelled' || outcome.kind === 'timed_out';
}

/** All that one submitted request was told, held against what it may be told. */
export class Journal {
  ended: Ended | null = null;
  /** `cancel` returned true for it. */
  cancelled = false;
  /** Its listener threw, and hears a part of what follows. */
  isDeaf = false;
  readonly #events: RequestEvent[] = [];

  constructor(
    readonly id: number,
    readonly task: Task,
    /** Of the device that ran when it was submitted. */
    readonly limits: RunnerLimits,
    readonly deadlineMs: number,
  ) {}

  get count(): number {
    return this.#events.length;
  }

  /** Prompt and answer, as far as it was told. */
  get conversation(): readonly TokenId[] {
    const emitted = this.task.kind === 'generate' ? this.task.emittedIds : [];
    return [...this.task.promptIds, ...emitted, ...this.#of('token').map(({ tokenId }) => tokenId)];
  }

  /** Events in order, one terminal event and nothing after it; no token once `cancel` has returned true. */
  write(event: RequestEvent, nowMs: number): void {
    assert(this.ended === null, `request ${this.id}: '${event.type}' after its end`);
    assert(event.requestId === this.id, `request ${this.id} hears of request ${event.requestId}`);
    assert(
      event.type === 'ended' || (event.type === 'accepted') === (this.count === 0),
      `request ${this.id}: '${event.type}' as event ${this.count}`,
    );
    assert(
      !this.cancelled || event.type === 'ended' || event.type === 'accepted',
      `request ${this.id}: '${event.type}' after its cancel`,
    );
    this.#events.push(event);
    if (event.type !== 'ended') return;
    this.ended = event;
    const isOnTime = event.outcome.kind !== 'timed_out' || nowMs >= this.deadlineMs;
    assert(isOnTime, `request ${this.id} times out before its time`);
  }

  /** Survivors gave exactly the solo answer, the others the beginning of it. Deaf ones heard a part. */
  check(causes: FailureCauses): void {
    const { ended, limits, task } = this;
    assert(ended !== null, `request ${this.id} never ends`);
    assert(
      !this.cancelled || mayEndACancelled(ended),
      `request ${this.id} was cancelled and ends by ${ended.outcome.kind}`,
    );
    if (ended.outcome.kind === 'failed') {
      const { code } = ended.outcome.error;
      assert(isPlausible(code, this.count === 1, causes), `request ${this.id} fails by ${code} for no reason`);
    }
    if (this.isDeaf) return;
    if (task.kind === 'evaluate') this.#checkLogits(limits, task.promptIds, task.positions, ended);
    else if (task.kind === 'embed') this.#checkEmbedding(task.promptIds, ended);
    else if (this.count > 1) this.#checkAnswer(task, ended, causes);
  }

  #checkAnswer(task: GenerateTask, ended: Ended, { smallest }: FailureCauses): void {
    const solo = soloRun(task, this.limits);
    const tokens = this.#of('token');
    const text = textBefore(task) + tokens.map((event) => event.text).join('') + ended.text;
    const ids = tokens.map((event) => event.tokenId);
    const leftTokens = smallest === null ? Infinity : smallest - task.promptIds.length;
    const isCut = ended.outcome.kind === 'length' && ended.usage.completionTokens >= leftTokens;
    const isSurvivor = !isCut && (ended.outcome.kind === 'stop' || ended.outcome.kind === 'length');
    const rest = solo.tokens.slice(task.emittedIds.length);
    const expected = isSurvivor ? rest : rest.slice(0, ids.length);
    assert(ids.join() === expected.join(), `request ${this.id} answers ${ids.join()}, alone ${solo.tokens.join()}`);
    if (!isSurvivor) return;
    assert(text === solo.text, `request ${this.id} says '${text}', alone '${solo.text}'`);
    assert(
      ended.outcome.kind === solo.outcome,
      `request ${this.id} ends by ${ended.outcome.kind}, alone by ${solo.outcome}`,
    );
    assert(
      ended.usage.completionTokens === solo.completionTokens,
      `request ${this.id} counts ${ended.usage.completionTokens} tokens`,
    );
    const isAnswered = task.emittedIds.length >= solo.completionTokens;
    if (!isAnswered) this.#checkPrefill(task.promptIds.length);
  }

  #checkLogits(limits: RunnerLimits, prompt: readonly number[], positions: readonly number[], ended: Ended): void {
    const events = this.#of('logits');
    const isSurvivor = ended.outcome.kind === 'stop';
    assert(
      !isSurvivor || events.length === positions.length,
      `request ${this.id} gives ${events.length} of ${positions.length} logits`,
    );
    events.forEach((event, index) => {
      assert(event.position === positions[index], `request ${this.id}: position ${event.position}`);
      const expected = toyLogits(toyHash(toyText(prompt.slice(0, event.position + 1))), limits.vocabularySize);
      assert(event.logits.join() === expected.join(), `request ${this.id}: wrong logits at ${event.position}`);
    });
    if (isSurvivor) this.#checkPrefill(prompt.length);
  }

  #checkEmbedding(prompt: readonly number[], ended: Ended): void {
    const events = this.#of('embedding');
    const isSurvivor = ended.outcome.kind === 'stop';
    assert(events.length === (isSurvivor ? 1 : 0), `request ${this.id} gives ${events.length} embeddings`);
    const expected = toyEmbedding(toyHash(toyText(prompt))).join();
    for (const { embedding } of events) assert(embedding.join() === expected, `request ${this.id}: wrong embedding`);
    if (isSurvivor) this.#checkPrefill(prompt.length);
  }

  #checkPrefill(total: number): void {
    const done = this.#of('prefill').map((event) => event.done);
    assert(
      done.at(-1) === total && done.every((value, index) => value > (done[index - 1] ?? 0)),
      `request ${this.id}: prefill ${done.join()}`,
    );
  }

  #of<T extends RequestEvent['type']>(type: T): Extract<RequestEvent, { type: T }>[] {
    return this.#events.filter((event): event is Extract<RequestEvent, { type: T }> => event.type === type);
  }
}

/** What the engine before has told of a resumed answer. */
function textBefore(task: GenerateTask): string {
  const answer = new AnswerText(toyTokenizer, task.stop);
  return task.emittedIds.map((id) => answer.push(id).text).join('');
}
