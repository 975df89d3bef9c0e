import { assert, defined } from '../base/assert';
import { errorToData, type ErrorData } from '../base/errors';
import type { RequestId } from '../base/ids';
import { requestGone } from '../base/request-gone';
import type { Outcome } from '../protocol/events';
import type { EngineSnapshot, EngineState, RequestSnapshot } from '../protocol/snapshot';
import { BlockPool, blocksFor } from './kv-cache';
import { type LifecycleEvent, nextState } from './lifecycle';
import type { Outbox } from './outbox';
import { endedEvent, refusedEvent, requestSnapshot, type RequestRecord } from './request';
import type { RunnerLimits } from './runner';

/** How many ended requests a snapshot remembers. */
const ENDED_KEPT = 32;

/**
 * The state of the engine: every live request, who holds which slot and block, and who waits. All changes of state go
 * through here, each one whole; a request leaves by `end` alone, which frees what it held and tells its listener.
 */
export class RequestTable {
  readonly maxActive: number;
  readonly live = new Map<RequestId, RequestRecord>();
  /** First come first. */
  readonly queue: RequestRecord[] = [];
  /** In the order of admission. */
  readonly active: RequestRecord[] = [];
  readonly #outbox: Outbox;
  readonly #ended: RequestSnapshot[] = [];
  #pool: BlockPool;
  #state: EngineState = 'ready';
  #version = 1;
  #snapshot: EngineSnapshot | null = null;

  constructor(limits: RunnerLimits, maxActive: number, outbox: Outbox) {
    this.#pool = new BlockPool(limits.totalBlocks, limits.blockTokens);
    this.maxActive = maxActive;
    this.#outbox = outbox;
  }

  get pool(): BlockPool {
    return this.#pool;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Changes the engine's state; `closed` is for ever. */
  enter(state: EngineState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.changed();
  }

  /** The live request, if it is still the same one: an id may have been used again. */
  find(id: RequestId, generation: number): RequestRecord | null {
    const record = this.live.get(id);
    return record?.listener.generation === generation ? record : null;
  }

  /** Blocks that no active request's budget counts on. */
  get unpromisedBlocks(): number {
    return this.active.reduce((left, record) => left - record.blockBudget, this.pool.totalBlocks);
  }

  accept(record: RequestRecord): void {
    const { id } = record.listener;
    assert(!this.live.has(id), `request ${id} is alive already`);
    this.live.set(id, record);
    this.queue.push(record);
    this.#outbox.post(record.listener, {
      type: 'accepted',
      requestId: id,
      promptIds: record.task.promptIds,
      seed: record.task.kind === 'generate' ? record.task.sampling.seed : 0,
    });
    this.changed();
  }

  /** Gives a waiting request a slot and the blocks of its prompt. */
  admit(id: RequestId, nowMs: number): void {
    const record = defined(this.live.get(id), `request ${id}`);
    this.#move(record, 'admitted');
    remove(this.queue, record);
    record.slot = this.#freeSlot();
    record.blocks = this.pool.allocate(blocksFor(record.task.promptIds.length, this.pool.blockTokens));
    record.startedAtMs = nowMs;
    this.active.push(record);
  }

  /** Makes sure that `position` has a block. Within the request's budget this cannot fail. */
  grow(record: RequestRecord, position: number): void {
    const missing = blocksFor(position + 1, this.pool.blockTokens) - record.blocks.length;
    if (missing <= 0) return;
    assert(record.blocks.length + missing <= record.blockBudget, `request ${record.listener.id} outgrows its budget`);
    record.blocks = [...record.blocks, ...this.pool.allocate(missing)];
    this.changed();
  }

  /** The whole prompt is in the KV cache. */
  prompted(record: RequestRecord, nowMs: number): void {
    this.#move(record, 'prompted');
    record.promptedAtMs = nowMs;
  }

  /** The only way out, once for each request: state destroyed, slot and blocks free, one terminal event. */
  end(record: RequestRecord, outcome: Outcome, nowMs: number): void {
    record.cancelDeadline();
    const wasQueued = record.state === 'queued';
    this.#move(record, 'finished');
    remove(wasQueued ? this.queue : this.active, record);
    this.pool.release(record.blocks);
    record.blocks = [];
    record.slot = null;
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
  abandon(): void {
    for (const { listener, task, cancelDeadline } of this.live.values()) {
      cancelDeadline();
      const error = errorToData(requestGone(listener.id), 'request-gone');
      if (!listener.told) this.#outbox.post(listener, refusedEvent(listener, task, { kind: 'failed', error }));
    }
    this.live.clear();
    this.queue.length = 0;
    this.active.length = 0;
    this.#ended.length = 0;
    this.#pool = new BlockPool(this.#pool.totalBlocks, this.#pool.blockTokens);
    this.enter('lost');
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
      kv: Object.freeze({
        totalBlocks: this.pool.totalBlocks,
        freeBlocks: this.pool.freeBlocks,
        blockTokens: this.pool.blockTokens,
      }),
      queue: this.queue.length,
    });
    return this.#snapshot;
  }

  #move(record: RequestRecord, event: LifecycleEvent): void {
    record.state = nextState(record.state, event);
    this.changed();
  }

  #freeSlot(): number {
    const taken = new Set(this.active.map((record) => record.slot));
    for (let slot = 0; slot < this.maxActive; slot++) if (!taken.has(slot)) return slot;
    throw new RangeError('every slot is taken');
  }
}

function remove(list: RequestRecord[], record: RequestRecord): void {
  const index = list.indexOf(record);
  assert(index >= 0, `request ${record.listener.id} is not where its state says`);
  list.splice(index, 1);
}
