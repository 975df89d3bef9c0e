import { assert, defined } from '../base/assert';
import { type BlockId, blockId } from '../base/ids';
import { divideUp } from '../base/units';

/** How many blocks hold `tokens` positions. */
export function blocksFor(tokens: number, blockTokens: number): number {
  return divideUp(tokens, blockTokens);
}

/**
 * Who holds which block of one pool of the paged KV cache: reference counts, free blocks, and free blocks whose contents
 * are kept for whoever can use them. Plain bookkeeping; the device buffers belong to the runner.
 *
 * A block may be released while a step that writes to it is still in flight. That is safe because steps run in the
 * order of their submits: the next owner's step comes later in that order, so its own writes land after the stale ones,
 * and it reads no position that it has not written itself or found written by an earlier step.
 */
export class BlockPool {
  readonly totalBlocks: number;
  /** Positions in a block. */
  readonly blockTokens: number;
  readonly #references: Uint32Array; // [totalBlocks]
  /** Free and of no use to anyone. A stack: the block released last is used first. */
  readonly #empty: BlockId[];
  /** Free, but its contents can be used again; least recently used first. */
  readonly #kept = new Set<BlockId>();
  readonly #keeps = new Set<BlockId>();
  readonly #onForgotten: (id: BlockId) => void;

  /** `onForgotten` hears that a block's kept contents are given up, because somebody needs the block. */
  constructor(totalBlocks: number, blockTokens: number, onForgotten: (id: BlockId) => void = () => undefined) {
    this.totalBlocks = totalBlocks;
    this.blockTokens = blockTokens;
    this.#onForgotten = onForgotten;
    this.#references = new Uint32Array(totalBlocks);
    this.#empty = Array.from({ length: totalBlocks }, (_, index) => blockId(totalBlocks - 1 - index));
  }

  /** Blocks that nobody holds, those with kept contents included. */
  get freeBlocks(): number {
    return this.#empty.length + this.#kept.size;
  }

  /** A copy of the free blocks, for the invariants. */
  get freeList(): readonly BlockId[] {
    return [...this.#empty, ...this.#kept];
  }

  references(id: BlockId): number {
    return defined(this.#references[id], `block ${id}`);
  }

  /** `count` blocks with one reference each, owned by the caller until `release`. The caller knows that they are free. */
  allocate(count: number): readonly BlockId[] {
    assert(count <= this.freeBlocks, `${count} KV blocks wanted, ${this.freeBlocks} are free`);
    return Array.from({ length: count }, () => {
      const id = this.#empty.pop() ?? this.#evict();
      assert(this.references(id) === 0, `free block ${id} has references`);
      this.#references[id] = 1;
      return id;
    });
  }

  /** One more owner for each of `blocks`, which somebody holds or which are kept. */
  retain(blocks: readonly BlockId[]): void {
    for (const id of blocks) {
      assert(this.references(id) > 0 || this.#kept.has(id), `block ${id} is retained, but nobody holds it`);
      this.#kept.delete(id);
      this.#references[id] = this.references(id) + 1;
    }
  }

  /** One owner less for each of `blocks`; those that nobody holds any more are free, the last of them to be used first. */
  release(blocks: readonly BlockId[]): void {
    for (const id of blocks) {
      const references = this.references(id);
      assert(references > 0, `block ${id} is released twice`);
      this.#references[id] = references - 1;
      if (references > 1) continue;
      if (this.#keeps.has(id)) this.#kept.add(id);
      else this.#empty.push(id);
    }
  }

  /** The contents of a block are worth keeping once nobody holds it. */
  keep(id: BlockId): void {
    assert(this.references(id) > 0, `block ${id} is to be kept, but nobody holds it`);
    this.#keeps.add(id);
  }

  /** The contents of a block are of no use any more. */
  forget(id: BlockId): void {
    this.#keeps.delete(id);
    if (this.#kept.delete(id)) this.#empty.push(id);
  }

  #evict(): BlockId {
    const id = defined(this.#kept.values().next().value, 'a free block');
    this.#kept.delete(id);
    this.#keeps.delete(id);
    this.#onForgotten(id);
    return id;
  }
}
