import type { TokenId } from '../base/ids';
import type { MergeTable } from './merge-table';
import { NumberHeap } from './number-heap';

/** A heap key is `rank × POSITION_SPAN + position`: the best merge first, of equals the leftmost. Exact below 2^53. */
const POSITION_SPAN = 2 ** 24;

/** Words of at most this many bytes share one workspace instead of allocating their own. */
const SMALL_WORD_BYTES = 1024;

interface Workspace {
  /** By position: the symbol that begins there, -1 once a neighbour on the left has taken it in. */
  readonly symbols: Int32Array;
  /** By position: where the next and the previous symbol begin, -1 at the ends. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** Candidate merges; each merge takes one out and puts at most two in, so two a byte are enough. */
  readonly heap: NumberHeap;
}

/** Byte-pair encoding of one word in O(n log n): a linked list of symbols, candidate merges in a heap, stale ones skipped. */
export class BytePairMerger {
  readonly #table: MergeTable;
  readonly #small = createWorkspace(SMALL_WORD_BYTES);

  constructor(table: MergeTable) {
    this.#table = table;
  }

  /** Appends the ids of `bytes`, of which there are less than 2^24. */
  encode(bytes: Uint8Array, output: TokenId[]): void {
    if (bytes.length === 0) return;
    const space = bytes.length <= SMALL_WORD_BYTES ? this.#small : createWorkspace(bytes.length);
    this.#fill(space, bytes);
    this.#merge(space);
    for (let at = 0; at >= 0; at = space.next[at] ?? -1) this.#table.emit(space.symbols[at] ?? -1, output);
  }

  #fill(space: Workspace, bytes: Uint8Array): void {
    const { symbols, next, previous } = space;
    for (let at = 0; at < bytes.length; at += 1) {
      symbols[at] = this.#table.byteSymbols[bytes[at] ?? 0] ?? -1;
      previous[at] = at - 1;
      next[at] = at + 1 < bytes.length ? at + 1 : -1;
    }
    for (let at = 0; at + 1 < bytes.length; at += 1) this.#propose(space, at);
  }

  #merge(space: Workspace): void {
    const { symbols, next, previous, heap } = space;
    while (heap.size > 0) {
      const key = heap.pop();
      const rank = Math.floor(key / POSITION_SPAN);
      const left = key % POSITION_SPAN;
      if (this.#rankAt(space, left) !== rank) continue;
      const right = next[left] ?? -1;
      const after = next[right] ?? -1;
      symbols[left] = this.#table.merged(rank);
      symbols[right] = -1;
      next[left] = after;
      if (after >= 0) previous[after] = left;
      this.#propose(space, previous[left] ?? -1);
      this.#propose(space, left);
    }
  }

  #propose(space: Workspace, left: number): void {
    const rank = this.#rankAt(space, left);
    if (rank >= 0) space.heap.push(rank * POSITION_SPAN + left);
  }

  /** Rank of merging the symbol at `left` with its next one, -1 where there is nothing to merge. */
  #rankAt(space: Workspace, left: number): number {
    const symbol = space.symbols[left] ?? -1;
    const right = space.next[left] ?? -1;
    if (symbol < 0 || right < 0) return -1;
    return this.#table.rank(symbol, space.symbols[right] ?? -1);
  }
}

function createWorkspace(capacityBytes: number): Workspace {
  return {
    symbols: new Int32Array(capacityBytes),
    next: new Int32Array(capacityBytes),
    previous: new Int32Array(capacityBytes),
    heap: new NumberHeap(2 * capacityBytes),
  };
}
