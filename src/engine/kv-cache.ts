import { assert, defined } from '../base/assert';
import { type BlockId, blockId } from '../base/ids';
import { divideUp } from '../base/units';

/** How many blocks hold `tokens` positions. */
export function blocksFor(tokens: number, blockTokens: number): number {
  return divideUp(tokens, blockTokens);
}

/**
 * Who holds which block of the paged KV cache: reference counts and a free list. Plain bookkeeping; the device buffers
 * belong to the runner.
 *
 * A block may be released while a step that writes to it is still in flight. That is safe because steps run in the
 * order of their submits: the next owner's step comes later in that order, so its own writes land after the stale ones,
 * and it reads no position that it has not written itself.
 */
export class BlockPool {
  readonly totalBlocks: number;
  /** Positions in a block. */
  readonly blockTokens: number;
  readonly #references: Uint32Array; // [totalBlocks]
  /** A stack: the block released last is used first. */
  readonly #free: BlockId[];

  constructor(totalBlocks: number, blockTokens: number) {
    this.totalBlocks = totalBlocks;
    this.blockTokens = blockTokens;
    this.#references = new Uint32Array(totalBlocks);
    this.#free = Array.from({ length: totalBlocks }, (_, index) => blockId(totalBlocks - 1 - index));
  }

  get freeBlocks(): number {
    return this.#free.length;
  }

  /** A copy of the free list, for the invariants. */
  get freeList(): readonly BlockId[] {
    return [...this.#free];
  }

  references(id: BlockId): number {
    return defined(this.#references[id], `block ${id}`);
  }

  /** `count` blocks with one reference each, owned by the caller until `release`. The caller knows that they are free. */
  allocate(count: number): readonly BlockId[] {
    assert(count <= this.#free.length, `${count} KV blocks wanted, ${this.#free.length} are free`);
    const blocks = this.#free.splice(this.#free.length - count, count);
    for (const id of blocks) {
      assert(this.references(id) === 0, `free block ${id} has references`);
      this.#references[id] = 1;
    }
    return blocks;
  }

  /** One more owner for each of `blocks`. */
  retain(blocks: readonly BlockId[]): void {
    for (const id of blocks) {
      assert(this.references(id) > 0, `block ${id} is retained, but nobody holds it`);
      this.#references[id] = this.references(id) + 1;
    }
  }

  /** One owner less for each of `blocks`; those that nobody holds any more are free. */
  release(blocks: readonly BlockId[]): void {
    for (const id of blocks) {
      const references = this.references(id);
      assert(references > 0, `block ${id} is released twice`);
      this.#references[id] = references - 1;
      if (references === 1) this.#free.push(id);
    }
  }
}
