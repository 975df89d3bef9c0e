import { assert, defined } from '../base/assert';
import type { BlockId, TokenId } from '../base/ids';
import { BlockPool, blocksFor } from './block-pool';
import { type PrefixBlock, PrefixIndex } from './prefix-index';
import type { RunnerLimits } from './runner';

/** The blocks of one sequence. Owned by its request; arrays are replaced, never changed: steps in flight hold them too. */
export interface KvSequence {
  /** Of layers that see all positions: positions 0, blockTokens, 2·blockTokens … */
  blocks: readonly BlockId[];
  /** The same of layers with a window; `null` where nothing is seen any more, or not written yet. Empty without such layers. */
  windowBlocks: readonly (BlockId | null)[];
  /** Positions that another sequence's prefill had written. */
  readonly cachedTokens: number;
  /** The blocks at its beginning that the index knows, and the last of them. */
  sharedBlocks: number;
  lastShared: PrefixBlock | null;
}

/**
 * The paged KV cache: two pools of blocks, and which of them hold prompts that another request may begin with. Layers with a
 * sliding window have a pool of their own, from which a sequence holds only what its next rows can still see.
 */
export class KvCache {
  readonly pool: BlockPool;
  /** `null` where no layer has a window. */
  readonly windowPool: BlockPool | null;
  readonly #windowTokens: number;
  readonly #index = new PrefixIndex();

  constructor(limits: Pick<RunnerLimits, 'totalBlocks' | 'blockTokens' | 'window'>) {
    const { totalBlocks, blockTokens, window } = limits;
    this.pool = new BlockPool(totalBlocks, blockTokens, (id) => {
      const windowBlock = this.#index.forgetBlock(id);
      if (windowBlock !== null) this.windowPool?.forget(windowBlock);
    });
    this.windowPool =
      window === null ? null : new BlockPool(window.blocks, blockTokens, (id) => this.#index.forgetWindowBlock(id));
    this.#windowTokens = window?.tokens ?? 0;
  }

  /** Free blocks that a sequence of `tokens` would take, when its first `reusable` ones are looked up. */
  blocksToOpen(tokens: readonly TokenId[], reusable: number): number {
    const held = this.#reusable(tokens, reusable).filter(({ block }) => this.pool.references(block) > 0);
    return blocksFor(tokens.length, this.pool.blockTokens) - held.length;
  }

  /** A sequence with blocks for `tokens`; of its first `reusable` ones it takes over what is known. They must be free. */
  open(tokens: readonly TokenId[], reusable: number): KvSequence {
    const { blockTokens } = this.pool;
    const prefix = this.#reusable(tokens, reusable);
    this.pool.retain(prefix.map(({ block }) => block));
    const seen = this.#firstSeenBlock(prefix.length * blockTokens);
    const windowBlocks = prefix.map(({ windowBlock }, index) => (index < seen ? null : windowBlock));
    this.windowPool?.retain(windowBlocks.filter((id) => id !== null));
    const missing = blocksFor(tokens.length, blockTokens) - prefix.length;
    return {
      blocks: [...prefix.map(({ block }) => block), ...this.pool.allocate(missing)],
      windowBlocks: this.windowPool === null ? [] : windowBlocks,
      cachedTokens: prefix.length * blockTokens,
      sharedBlocks: prefix.length,
      lastShared: prefix.at(-1) ?? null,
    };
  }

  /** Blocks of the pool that the sequence lacks for positions below `end`. */
  missingBlocks(sequence: KvSequence, end: number): number {
    return Math.max(0, blocksFor(end, this.pool.blockTokens) - sequence.blocks.length);
  }

  /**
   * Makes the sequence ready for rows at [from, end): gives up the blocks of the window that these cannot see, then takes those
   * that they write. The caller knows that `missingBlocks` are free; the window's pool has enough for every sequence.
   */
  prepare(sequence: KvSequence, from: number, end: number): void {
    const missing = this.missingBlocks(sequence, end);
    if (missing > 0) sequence.blocks = [...sequence.blocks, ...this.pool.allocate(missing)];
    const { windowPool } = this;
    if (windowPool === null) return;
    const seen = this.#firstSeenBlock(from);
    const gone = sequence.windowBlocks.slice(0, seen).filter((id) => id !== null);
    windowPool.release(gone.toReversed());
    const length = blocksFor(end, windowPool.blockTokens);
    sequence.windowBlocks = Array.from({ length: Math.max(length, sequence.windowBlocks.length) }, (_, index) => {
      if (index < seen) return null;
      return sequence.windowBlocks[index] ?? defined(windowPool.allocate(1)[0], 'a block of the window');
    });
  }

  /** Prefill rows up to `end` are submitted: whoever begins with the same tokens may use their whole blocks from now on. */
  share(sequence: KvSequence, tokens: readonly TokenId[], end: number): void {
    const { blockTokens } = this.pool;
    for (let index = sequence.sharedBlocks; (index + 1) * blockTokens <= end; index++) {
      const block = defined(sequence.blocks[index], `block ${index}`);
      const windowBlock = sequence.windowBlocks[index] ?? null;
      const own = tokens.slice(index * blockTokens, (index + 1) * blockTokens);
      const { entry, isNew } = this.#index.add(sequence.lastShared, own, block, windowBlock);
      if (isNew) {
        this.pool.keep(block);
        if (windowBlock !== null) this.windowPool?.keep(windowBlock);
      }
      sequence.sharedBlocks = index + 1;
      sequence.lastShared = entry;
    }
  }

  /** Gives all blocks back; of what is kept, the end of a prefix is given up before its beginning. */
  close(sequence: KvSequence): void {
    this.pool.release(sequence.blocks.toReversed());
    this.windowPool?.release(sequence.windowBlocks.filter((id) => id !== null).toReversed());
    sequence.blocks = [];
    sequence.windowBlocks = [];
  }

  /** What blocks hold is not to be trusted: nobody begins with it any more. */
  forgetAll(): void {
    const { blocks, windowBlocks } = this.#index.clear();
    for (const id of blocks) this.pool.forget(id);
    for (const id of windowBlocks) this.windowPool?.forget(id);
  }

  /** The longest known prefix within the first `reusable` tokens, of which the window's blocks are there too. */
  #reusable(tokens: readonly TokenId[], reusable: number): PrefixBlock[] {
    const { blockTokens } = this.pool;
    const chain = this.#index.find(tokens.slice(0, reusable), blockTokens);
    if (this.windowPool === null) return chain;
    for (let length = chain.length; length > 0; length--) {
      const seen = chain.slice(this.#firstSeenBlock(length * blockTokens), length);
      if (seen.every(({ windowBlock }) => windowBlock !== null)) return chain.slice(0, length);
    }
    return [];
  }

  /** The first block of the window's pool that a row at `position` can see. */
  #firstSeenBlock(position: number): number {
    assert(position >= 0, 'positions are not negative');
    return Math.floor(Math.max(0, position + 1 - this.#windowTokens) / this.pool.blockTokens);
  }
}
