import { assert } from '../base/assert';
import type { BlockId, TokenId } from '../base/ids';

/** A block of prompt tokens that prefill kernels wrote, with all that stands before it. Owned by the index. */
export interface PrefixBlock {
  /** Its own, never used again: names it as its children's parent. */
  readonly serial: number;
  readonly key: string;
  readonly block: BlockId;
  /** Its block in the pool of layers with a window; `null` once that is gone, or where there are no such layers. */
  windowBlock: BlockId | null;
}

/**
 * Which blocks hold which prompt tokens. A block is found by its parent and its tokens themselves, so that a collision of
 * hashes cannot give one prompt another's keys and values.
 */
export class PrefixIndex {
  readonly #byKey = new Map<string, PrefixBlock>();
  readonly #byBlock = new Map<BlockId, PrefixBlock>();
  readonly #byWindowBlock = new Map<BlockId, PrefixBlock>();
  #serials = 0;

  /** The longest known chain of whole blocks at the beginning of `tokens`. */
  find(tokens: readonly TokenId[], blockTokens: number): PrefixBlock[] {
    const chain: PrefixBlock[] = [];
    for (let from = 0; from + blockTokens <= tokens.length; from += blockTokens) {
      const found = this.#byKey.get(keyOf(chain.at(-1) ?? null, tokens.slice(from, from + blockTokens)));
      if (found === undefined) break;
      chain.push(found);
    }
    return chain;
  }

  /** Registers `block`, unless another one is known for these tokens already; gives the one that is known. */
  add(
    parent: PrefixBlock | null,
    tokens: readonly TokenId[],
    block: BlockId,
    windowBlock: BlockId | null,
  ): { readonly entry: PrefixBlock; readonly isNew: boolean } {
    const key = keyOf(parent, tokens);
    const known = this.#byKey.get(key);
    if (known !== undefined) return { entry: known, isNew: false };
    assert(!this.#byBlock.has(block), `block ${block} holds other tokens already`);
    const entry = { serial: (this.#serials += 1), key, block, windowBlock };
    this.#byKey.set(key, entry);
    this.#byBlock.set(block, entry);
    if (windowBlock !== null) this.#byWindowBlock.set(windowBlock, entry);
    return { entry, isNew: true };
  }

  /** The block is somebody else's from now on. Returns its block in the other pool, which is of no use without it. */
  forgetBlock(block: BlockId): BlockId | null {
    const entry = this.#byBlock.get(block);
    if (entry === undefined) return null;
    this.#byBlock.delete(block);
    this.#byKey.delete(entry.key);
    if (entry.windowBlock !== null) this.#byWindowBlock.delete(entry.windowBlock);
    return entry.windowBlock;
  }

  forgetWindowBlock(block: BlockId): void {
    const entry = this.#byWindowBlock.get(block);
    if (entry === undefined) return;
    this.#byWindowBlock.delete(block);
    entry.windowBlock = null;
  }

  /** Every block that is registered, of each pool; the index is empty afterwards. */
  clear(): { readonly blocks: readonly BlockId[]; readonly windowBlocks: readonly BlockId[] } {
    const known = { blocks: [...this.#byBlock.keys()], windowBlocks: [...this.#byWindowBlock.keys()] };
    this.#byKey.clear();
    this.#byBlock.clear();
    this.#byWindowBlock.clear();
    return known;
  }
}

function keyOf(parent: PrefixBlock | null, tokens: readonly TokenId[]): string {
  return `${parent?.serial ?? 0}:${tokens.join()}`;
}
