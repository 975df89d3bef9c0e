import { assert } from '../base/assert';
import type { EngineSnapshot } from '../protocol/snapshot';
import { blocksFor } from './kv-cache';
import type { RequestTable } from './request-table';

/** Throws `InvariantError` when the engine's state contradicts itself. Tests call it after every step, the actor when idle. */
export function checkInvariants(table: RequestTable): void {
  checkBlocks(table);
  checkPlaces(table);
  checkSnapshot(table.snapshot(), table);
}

/** Every block is either free or held; the counts are those of the holders; at idle nobody holds any. */
function checkBlocks(table: RequestTable): void {
  const { pool } = table;
  const holders = new Map<number, number>();
  for (const record of table.live.values()) {
    for (const block of record.blocks) holders.set(block, (holders.get(block) ?? 0) + 1);
  }
  const free = new Set<number>(pool.freeList);
  assert(free.size === pool.freeBlocks, 'a block is in the free list twice');
  assert(
    free.size + holders.size === pool.totalBlocks,
    `${free.size} free + ${holders.size} used ≠ ${pool.totalBlocks} blocks`,
  );
  for (const block of free) assert(!holders.has(block), `block ${block} is free and held`);
  for (const id of pool.freeList) assert(pool.references(id) === 0, `free block ${id} has references`);
  for (const record of table.live.values()) {
    for (const id of record.blocks) {
      assert(
        pool.references(id) === holders.get(id),
        `block ${id} has ${pool.references(id)} references, ${holders.get(id)} holders`,
      );
    }
    assert(
      record.blocks.length <= record.blockBudget,
      `request ${record.listener.id} holds more blocks than its budget`,
    );
  }
  assert(table.unpromisedBlocks >= 0, 'more blocks are promised than there are');
}

/** Each live request is in one place, the one that its state says. */
function checkPlaces(table: RequestTable): void {
  const slots = new Set<number>();
  for (const [id, record] of table.live) {
    assert(record.listener.id === id, `request ${record.listener.id} is filed under ${id}`);
    assert(!record.listener.told && record.state !== 'ended', `request ${id} has ended, but is alive`);
    const isQueued = record.state === 'queued';
    assert(
      table.queue.includes(record) === isQueued && table.active.includes(record) !== isQueued,
      `request ${id} is misplaced`,
    );
    assert(isQueued === (record.slot === null), `request ${id} is ${record.state} with slot ${record.slot}`);
    if (record.slot === null) {
      assert(record.blocks.length === 0, `request ${id} waits, but holds blocks`);
      continue;
    }
    assert(
      record.slot < table.maxActive && !slots.has(record.slot),
      `slot ${record.slot} is taken twice or does not exist`,
    );
    slots.add(record.slot);
    const stored = record.promptSubmitted + Math.max(0, (record.answer?.outputsSubmitted ?? 0) - 1);
    assert(record.blocks.length >= blocksFor(stored, table.pool.blockTokens), `request ${id} writes beyond its blocks`);
  }
  assert(table.live.size === table.queue.length + table.active.length, 'a request is in a place, but not alive');
}

function checkSnapshot(snapshot: EngineSnapshot, table: RequestTable): void {
  const queued = snapshot.requests.filter((request) => request.state === 'queued');
  assert(snapshot.queue === queued.length, 'the queue of the snapshot is not its queued requests');
  assert(snapshot.kv.freeBlocks === table.pool.freeBlocks, 'the snapshot is older than its version');
  assert(snapshot.state === 'ready' || table.live.size === 0, `the engine is ${snapshot.state}, but requests live`);
  for (const request of snapshot.requests) {
    const hasEnded = request.state === 'ended';
    assert(
      hasEnded === (request.finishReason !== undefined),
      `request ${request.id} is ${request.state} with its result ${hasEnded ? 'missing' : 'present'}`,
    );
    assert(
      (request.finishReason === 'failed') === (request.error !== undefined),
      `request ${request.id} fails without an error`,
    );
  }
}

/** A later snapshot has a greater version, or is the very same object. */
export function checkSuccession(earlier: EngineSnapshot, later: EngineSnapshot): void {
  assert(later === earlier || later.version > earlier.version, `snapshot ${later.version} follows ${earlier.version}`);
}
