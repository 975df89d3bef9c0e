import { assert } from '../base/assert';
import type { BlockId } from '../base/ids';
import type { EngineSnapshot } from '../protocol/snapshot';
import { type BlockPool, blocksFor } from './block-pool';
import { generatedTokens } from './request';
import type { RequestTable } from './request-table';

/** Throws `InvariantError` when the engine's state contradicts itself. Tests call it after every step, the actor when idle. */
export function checkInvariants(table: RequestTable): void {
  checkBlocks(table);
  checkPlaces(table);
  checkSnapshot(table.snapshot(), table);
}

function checkBlocks(table: RequestTable): void {
  const sequences = [...table.live.values()].flatMap((record) => (record.kv === null ? [] : [record.kv]));
  checkPool(
    table.kv.pool,
    sequences.map(({ blocks }) => blocks),
  );
  if (table.kv.windowPool === null) return;
  checkPool(
    table.kv.windowPool,
    sequences.map(({ windowBlocks }) => windowBlocks.filter((id) => id !== null)),
  );
}

/** Every block is either free or held; the counts are those of the holders; at idle nobody holds any. */
function checkPool(pool: BlockPool, held: readonly (readonly BlockId[])[]): void {
  const holders = new Map<BlockId, number>();
  for (const id of held.flat()) holders.set(id, (holders.get(id) ?? 0) + 1);
  const free = new Set(pool.freeList);
  assert(free.size === pool.freeBlocks, 'a block is in the free list twice');
  assert(
    free.size + holders.size === pool.totalBlocks,
    `${free.size} free + ${holders.size} used ≠ ${pool.totalBlocks} blocks`,
  );
  for (const id of free) {
    assert(!holders.has(id), `block ${id} is free and held`);
    assert(pool.references(id) === 0, `free block ${id} has references`);
  }
  for (const [id, count] of holders) {
    assert(pool.references(id) === count, `block ${id} has ${pool.references(id)} references, ${count} holders`);
  }
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
    assert(isQueued === (record.kv === null), `request ${id} is ${record.state}, and holds blocks or lacks them`);
    if (record.slot === null || record.kv === null) continue;
    assert(
      record.slot < table.maxActive && !slots.has(record.slot),
      `slot ${record.slot} is taken twice or does not exist`,
    );
    slots.add(record.slot);
    const needed = blocksFor(record.submitted, table.kv.pool.blockTokens);
    assert(record.kv.blocks.length >= needed, `request ${id} writes beyond its blocks`);
  }
  const arrivals = table.queue.map(({ listener }) => listener.generation);
  assert(
    arrivals.every((arrival, index) => arrival > (arrivals[index - 1] ?? 0)),
    'the queue is not in the order of arrival',
  );
  const [first = Infinity] = arrivals;
  assert(
    table.active.every(({ listener }) => listener.generation < first),
    'a request was overtaken by a later one',
  );
  assert(table.live.size === table.queue.length + table.active.length, 'a request is in a place, but not alive');
}

function checkSnapshot(snapshot: EngineSnapshot, table: RequestTable): void {
  const queued = snapshot.requests.filter((request) => request.state === 'queued');
  assert(snapshot.queue === queued.length, 'the queue of the snapshot is not its queued requests');
  assert(snapshot.kv.freeBlocks === table.kv.pool.freeBlocks, 'the snapshot is older than its version');
  const isOver = snapshot.state === 'gone' || snapshot.state === 'closed';
  assert(!isOver || table.live.size === 0, `the engine is ${snapshot.state}, but requests live`);
  assert(snapshot.state === 'ready' || table.active.length === 0, `the engine is ${snapshot.state}, but requests run`);
  for (const [id, record] of table.live) {
    const shown = snapshot.requests.filter((request) => request.id === id && request.state !== 'ended');
    const [only] = shown;
    assert(
      shown.length === 1 && only?.state === record.state && only.generatedTokens === generatedTokens(record),
      `the snapshot of request ${id} is older than its version`,
    );
  }
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
