import type { TokenId } from '../base/ids';

/**
 * The merges of a byte-pair encoding over numbered symbols. A symbol is a token (its number is the id); from the vocabulary's size on, a
 * text that merges name but that is no token; or negative, a character that neither knows.
 */
export class MergeTable {
  readonly #rankOfPair: PairRanks;
  /** By rank. */
  readonly #merged: Int32Array;
  readonly #extra = new Map<string, number>();
  readonly #extraTexts: string[] = [];
  readonly #idOf: ReadonlyMap<string, TokenId>;
  readonly #fallback: (text: string) => Iterable<string>;

  /**
   * `merges`: `"left right"`, best first. A line of another form is passed over, and so is a pair that came before. `fallback` gives the
   * tokens that stand for a text that is none.
   */
  constructor(
    idOf: ReadonlyMap<string, TokenId>,
    merges: readonly string[],
    fallback: (text: string) => Iterable<string>,
  ) {
    this.#idOf = idOf;
    this.#fallback = fallback;
    this.#rankOfPair = new PairRanks(merges.length);
    this.#merged = new Int32Array(merges.length);
    for (const [rank, line] of merges.entries()) {
      const space = line.indexOf(' ', 1);
      if (space < 0) continue;
      const left = line.slice(0, space);
      const right = line.slice(space + 1);
      this.#merged[rank] = this.#numbered(left + right);
      this.#rankOfPair.add(this.#numbered(left), this.#numbered(right), rank);
    }
  }

  /** The symbol of one character. */
  symbolOf(character: string): number {
    return this.#idOf.get(character) ?? this.#extra.get(character) ?? -1 - (character.codePointAt(0) ?? 0);
  }

  /** The rank of merging two neighbours, -1 where no merge joins them. */
  rank(left: number, right: number): number {
    return left < 0 || right < 0 ? -1 : this.#rankOfPair.get(left, right);
  }

  merged(rank: number): number {
    return this.#merged[rank] ?? -1;
  }

  /** Appends the token of a symbol, or its fallback tokens; one that the vocabulary lacks is lost, as in llama.cpp. */
  emit(symbol: number, output: TokenId[]): void {
    if (symbol >= 0 && symbol < this.#idOf.size) {
      output.push(symbol as TokenId);
      return;
    }
    const text = symbol < 0 ? String.fromCodePoint(-1 - symbol) : (this.#extraTexts[symbol - this.#idOf.size] ?? '');
    for (const token of this.#fallback(text)) {
      const id = this.#idOf.get(token);
      if (id !== undefined) output.push(id);
    }
  }

  #numbered(text: string): number {
    const known = this.#idOf.get(text) ?? this.#extra.get(text);
    if (known !== undefined) return known;
    const symbol = this.#idOf.size + this.#extra.size;
    this.#extra.set(text, symbol);
    this.#extraTexts.push(text);
    return symbol;
  }
}

/** Ranks by pair of symbols: an open-addressing table, which half a million merges fill in a tenth of a `Map`'s time. */
class PairRanks {
  readonly #lefts: Int32Array;
  readonly #rights: Int32Array;
  readonly #ranks: Int32Array;
  readonly #mask: number;

  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(2 * capacity + 2));
    this.#mask = slots - 1;
    this.#lefts = new Int32Array(slots);
    this.#rights = new Int32Array(slots);
    this.#ranks = new Int32Array(slots).fill(-1);
  }

  /** A pair that is there keeps its rank. */
  add(left: number, right: number, rank: number): void {
    const slot = this.#slotOf(left, right);
    if (this.#ranks[slot] !== -1) return;
    this.#lefts[slot] = left;
    this.#rights[slot] = right;
    this.#ranks[slot] = rank;
  }

  get(left: number, right: number): number {
    return this.#ranks[this.#slotOf(left, right)] ?? -1;
  }

  /** The slot of a pair, or the empty one where it belongs. */
  #slotOf(left: number, right: number): number {
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & this.#mask;
    while (this.#ranks[slot] !== -1 && (this.#lefts[slot] !== left || this.#rights[slot] !== right))
      slot = (slot + 1) & this.#mask;
    return slot;
  }
}
