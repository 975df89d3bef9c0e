import type { TokenId } from '../base/ids';
import type { MergeTable } from './merge-table';
import { NumberHeap } from './number-heap';
import { SymbolChain } from './symbol-chain';

/** A heap key is `rank × POSITION_SPAN + position`: the best merge first, of equals the leftmost. Exact below 2^53. */
const POSITION_SPAN = 2 ** 24;

/** Words of at most this many symbols share one workspace instead of allocating their own. */
const SMALL_WORD = 1024;

interface Workspace {
  readonly chain: SymbolChain;
  /** Candidate merges; each merge takes one out and puts at most two in, so two a symbol are enough. */
  readonly heap: NumberHeap;
}

/** Byte-pair encoding of one word in O(n log n): a chain of symbols, candidate merges in a heap, stale ones skipped. */
export class BytePairMerger {
  readonly #table: MergeTable;
  readonly #small = createWorkspace(SMALL_WORD);

  constructor(table: MergeTable) {
    this.#table = table;
  }

  /** Appends the ids of a word of less than 2^24 symbols, which it uses up. */
  encode(symbols: Int32Array, output: TokenId[]): void {
    if (symbols.length === 0) return;
    const space = symbols.length <= SMALL_WORD ? this.#small : createWorkspace(symbols.length);
    space.chain.begin(symbols.length);
    for (let at = 0; at + 1 < symbols.length; at += 1) this.#propose(space, symbols, at);
    this.#merge(space, symbols);
    for (let at = 0; at >= 0; at = space.chain.next(at)) this.#table.emit(symbols[at] ?? -1, output);
  }

  #merge(space: Workspace, symbols: Int32Array): void {
    const { chain, heap } = space;
    while (heap.size > 0) {
      const key = heap.pop();
      const rank = Math.floor(key / POSITION_SPAN);
      const left = key % POSITION_SPAN;
      if (chain.isGone(left) || this.#rankAt(space, symbols, left) !== rank) continue;
      symbols[left] = this.#table.merged(rank);
      chain.joinNext(left);
      this.#propose(space, symbols, chain.previous(left));
      this.#propose(space, symbols, left);
    }
  }

  #propose(space: Workspace, symbols: Int32Array, left: number): void {
    const rank = left < 0 ? -1 : this.#rankAt(space, symbols, left);
    if (rank >= 0) space.heap.push(rank * POSITION_SPAN + left);
  }

  /** Rank of merging the symbol at `left` with its next one, -1 where there is nothing to merge. */
  #rankAt(space: Workspace, symbols: Int32Array, left: number): number {
    const right = space.chain.next(left);
    return right < 0 ? -1 : this.#table.rank(symbols[left] ?? -1, symbols[right] ?? -1);
  }
}

function createWorkspace(capacity: number): Workspace {
  return { chain: new SymbolChain(capacity), heap: new NumberHeap(2 * capacity) };
}
