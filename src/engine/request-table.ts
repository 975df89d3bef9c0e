import { assert, defined } from '../base/assert';
import { errorToData, type ErrorData, type ForgelightError } from '../base/errors';
import type { RequestId } from '../base/ids';
import { requestGone } from '../base/request-gone';
import type { Outcome } from '../protocol/events';
import type { EngineSnapshot, EngineState, RequestSnapshot } from '../protocol/snapshot';
import { maxOutputs, reusableTokens } from './admission';
import type { BlockPool } from './block-pool';
import { lostAgain } from './failures';
import { KvCache } from './kv-cache';
import { type LifecycleEvent, nextState } from './lifecycle';
import type { Outbox } from './outbox';
import { endedEvent, refusedEvent, requestSnapshot, type RequestRecord } from './request';
import type { RunnerLimits } from './runner';

/** How many ended requests a snapshot remembers. */
const ENDED_KEPT = 32;
/** A request is given up at the second device in a row that is lost under it. */
const MOST_LOSSES = 2;

/**
 * The state of the engine: every live request, who holds which slot and block, and who waits. All changes of state go
 * through here, each one whole; a request leaves by `end` alone, which frees what it held and tells its listener.
 */
export class RequestTable {
  readonly maxActive: number;
  readonly live = new Map<RequestId, RequestRecord>();
  /** In the order of arrival: who lost its place waits before all that came later. */
  readonly queue: RequestRecord[] = [];
  /** In the order of admission. */
  readonly active: RequestRecord[] = [];
  readonly #outbox: Outbox;
  readonly #ended: RequestSnapshot[] = [];
  #limits: RunnerLimits;
  #kv: KvCache;
  #state: EngineState = 'ready';
  #retryAtMs: number | null = null;
  #version = 1;
  #snapshot: EngineSnapshot | null = null;

  constructor(limits: RunnerLimits, maxActive: number, outbox: Outbox) {
    this.#limits = limits;
    this.#kv = new KvCache(limits);
    this.maxActive = maxActive;
    this.#outbox = outbox;
  }

  get kv(): KvCache {
    return this.#kv;
  }

  /** Of the device that runs now, or ran last. */
  get limits(): RunnerLimits {
    return this.#limits;
  }

  get state(): EngineState {
    return this.#state;
  }

  /**
   * Changes the engine's state; `closed` is for ever. `retryAtMs`: when a blocked device is tried again, by the engine's clock.
   * `error`: why it is gone.
   */
  enter(state: EngineState, about: { readonly retryAtMs?: number; readonly error?: ForgelightError } = {}): void {
    if (this.#state === state || this.#state === 'closed') return;
    const { retryAtMs = null, error } = about;
    this.#state = state;
    this.#retryAtMs = retryAtMs;
    const why = error === undefined ? null : errorToData(error, 'device-lost');
    this.#outbox.announce({ type: 'state', state, retryAtMs, error: why });
    this.changed();
  }

  /** The live request, if it is still the same one: an id may have been used again. */
  find(id: RequestId, generation: number): RequestRecord | null {
    const record = this.live.get(id);
    return record?.listener.generation === generation ? record : null;
  }

  accept(record: RequestRecord): void {
    const { id } = record.listener;
    assert(!this.live.has(id), `request ${id} is alive already`);
    this.live.set(id, record);
    this.queue.push(record);
    this.#outbox.announce({ type: 'request', requestId: id, state: record.state });
    this.#outbox.post(record.listener, {
      type: 'accepted',
      requestId: id,
      promptIds: record.task.promptIds,
      seed: record.task.kind === 'generate' ? record.task.sampling.seed : 0,
    });
    this.changed();
  }

  /** Free blocks that it takes to admit a waiting request. */
  blocksToAdmit(record: RequestRecord): number {
    return this.kv.blocksToOpen(record.history, reusableTokens(record.task));
  }

  /** Gives a waiting request a slot and the blocks of all that is known of it. */
  admit(id: RequestId, nowMs: number): void {
    const record = defined(this.live.get(id), `request ${id}`);
    this.#move(record, 'admitted');
    remove(this.queue, record);
    record.slot = this.#freeSlot();
    record.kv = this.kv.open(record.history, reusableTokens(record.task));
    record.submitted = record.kv.cachedTokens;
    record.stored = record.kv.cachedTokens;
    if (record.startedAtMs === null) {
      record.startedAtMs = nowMs;
      record.cachedTokens = record.kv.cachedTokens;
      record.promptTold = record.kv.cachedTokens;
    }
    this.active.push(record);
  }

  /**
   * Takes the blocks for a request's rows at [from, to). Where none are free, whoever came last loses its place to it; that may be
   * the request itself. The request that came first never does, so that somebody always gets on. False when anyone lost it.
   */
  reserve(record: RequestRecord, from: number, to: number): boolean {
    let undisturbed = true;
    while (record.kv !== null && this.kv.missingBlocks(record.kv, to) > this.kv.pool.freeBlocks) {
      this.preempt(this.active.reduce((last, other) => (arrival(other) > arrival(last) ? other : last)));
      undisturbed = false;
    }
    if (record.kv !== null) this.kv.prepare(record.kv, from, to);
    this.changed();
    return undisturbed;
  }

  /** Prompt rows up to `end` are submitted: later requests may begin with them. */
  share(record: RequestRecord, end: number): void {
    if (record.kv !== null) this.kv.share(record.kv, record.task.promptIds, end);
  }

  /** An active request waits again, with all that is known of its answer. */
  preempt(record: RequestRecord): void {
    this.#move(record, 'preempted');
    remove(this.active, record);
    this.#giveBack(record);
    record.incarnation += 1;
    record.submitted = 0;
    record.stored = 0;
    const later = this.queue.findIndex((other) => arrival(other) > arrival(record));
    this.queue.splice(later < 0 ? this.queue.length : later, 0, record);
  }

  /** What the device worked on, requests of these numbers, may be what took it down: that is tried once more, and not for ever. */
  loseDevice(
    suspects: readonly Pick<RequestRecord['listener'], 'id' | 'generation'>[],
    cause: unknown,
    nowMs: number,
  ): void {
    for (const { id, generation } of suspects) {
      const record = this.find(id, generation);
      if (record === null) continue;
      record.losses += 1;
      if (record.losses >= MOST_LOSSES) this.fail(record, lostAgain(cause), nowMs);
    }
    this.distrust();
  }

  /** What steps wrote is not to be trusted any more: whoever is active computes all of it again. */
  distrust(): void {
    for (const record of [...this.active]) this.preempt(record);
    this.kv.forgetAll();
    this.changed();
  }

  /** Another device, whose KV cache is empty and may be smaller. Nobody is active. */
  replaceDevice(limits: RunnerLimits): void {
    assert(this.active.length === 0, 'requests are active while their device changes');
    this.#limits = limits;
    this.#kv = new KvCache(limits);
    for (const { answer, task } of this.live.values()) {
      if (answer !== null && task.kind === 'generate')
        answer.maxOutputs = Math.min(answer.maxOutputs, maxOutputs(task, limits));
    }
    this.changed();
  }

  /** The prompt, and what was known of the answer, is in the KV cache. */
  prompted(record: RequestRecord, nowMs: number): void {
    this.#move(record, 'prompted');
    record.promptedAtMs ??= nowMs;
  }

  /** The only way out, once for each request: state destroyed, slot and blocks free, one terminal event. */
  end(record: RequestRecord, outcome: Outcome, nowMs: number): void {
    record.cancelDeadline();
    const wasQueued = record.state === 'queued';
    this.#move(record, 'finished');
    remove(wasQueued ? this.queue : this.active, record);
    this.#giveBack(record);
    this.#ended.push(requestSnapshot(record, outcome));
    if (this.#ended.length > ENDED_KEPT) this.#ended.shift();
    this.live.delete(record.listener.id);
    this.#outbox.post(record.listener, endedEvent(record, outcome, nowMs));
  }

  fail(record: RequestRecord, error: unknown, nowMs: number): void {
    const data: ErrorData = { ...errorToData(error, 'device-lost'), requestId: record.listener.id };
    this.end(record, { kind: 'failed', error: data }, nowMs);
  }

  /** After a broken invariant: forgets everything without relying on any of it, and tells whoever has not been told. */
  abandon(why: ForgelightError): void {
    for (const { listener, task, cancelDeadline } of this.live.values()) {
      cancelDeadline();
      const error = errorToData(requestGone(listener.id), 'request-gone');
      if (!listener.told) this.#outbox.post(listener, refusedEvent(listener, task, { kind: 'failed', error }));
    }
    this.live.clear();
    this.queue.length = 0;
    this.active.length = 0;
    this.#ended.length = 0;
    this.#kv = new KvCache(this.#limits);
    this.enter('gone', { error: why });
    this.changed();
  }

  /** Something that a snapshot shows has changed. */
  changed(): void {
    this.#version += 1;
    this.#snapshot = null;
  }

  /** A frozen copy, made once for each version. */
  snapshot(): EngineSnapshot {
    this.#snapshot ??= Object.freeze({
      version: this.#version,
      state: this.#state,
      requests: Object.freeze([
        ...[...this.live.values()].map((record) => requestSnapshot(record, null)),
        ...this.#ended,
      ]),
      retryAtMs: this.#retryAtMs,
      kv: Object.freeze({
        totalBlocks: this.kv.pool.totalBlocks,
        freeBlocks: this.kv.pool.freeBlocks,
        blockTokens: this.kv.pool.blockTokens,
        window: windowSnapshot(this.kv.windowPool),
      }),
      queue: this.queue.length,
    });
    return this.#snapshot;
  }

  #move(record: RequestRecord, event: LifecycleEvent): void {
    record.state = nextState(record.state, event);
    this.#outbox.announce({ type: 'request', requestId: record.listener.id, state: record.state });
    this.changed();
  }

  #giveBack(record: RequestRecord): void {
    if (record.kv !== null) this.kv.close(record.kv);
    record.kv = null;
    record.slot = null;
  }

  #freeSlot(): number {
    const taken = new Set(this.active.map((record) => record.slot));
    for (let slot = 0; slot < this.maxActive; slot++) if (!taken.has(slot)) return slot;
    throw new RangeError('every slot is taken');
  }
}

/** Requests are numbered as they come. */
function arrival(record: RequestRecord): number {
  return record.listener.generation;
}

function windowSnapshot(pool: BlockPool | null): EngineSnapshot['kv']['window'] {
  return pool === null ? null : Object.freeze({ totalBlocks: pool.totalBlocks, freeBlocks: pool.freeBlocks });
}

function remove(list: RequestRecord[], record: RequestRecord): void {
  const index = list.indexOf(record);
  assert(index >= 0, `request ${record.listener.id} is not where its state says`);
  list.splice(index, 1);
}
