import type { TokenId } from '../base/ids';

/** Slots of the cache of ranks; a power of two. */
const CACHE_SLOTS = 2 ** 17;

/**
 * The merges of a byte-pair encoding over numbered symbols. A symbol is a token (its number is the id) or, from the vocabulary's size
 * on, another text, numbered when it is met. Half a million merges are indexed by their lines alone, which is what makes a large
 * vocabulary ready soon; ranks are looked up by numbers once their text has been.
 */
export class MergeTable {
  readonly #idOf: ReadonlyMap<string, TokenId>;
  readonly #texts: readonly string[];
  readonly #merges: readonly string[];
  readonly #rankOfLine = new Map<string, number>();
  readonly #otherTexts: string[] = [];
  readonly #otherSymbols = new Map<string, number>();
  readonly #cache = new RankCache();
  readonly #fallback: (text: string) => Iterable<string>;
  readonly #fallbackIds = new Map<number, readonly TokenId[]>();

  /**
   * `merges`: `"left right"`, best first; of a pair that is listed twice the first rank counts. `fallback` gives the tokens that
   * stand for a text that is none.
   */
  constructor(
    vocabulary: { readonly texts: readonly string[]; readonly idOf: ReadonlyMap<string, TokenId> },
    merges: readonly string[],
    fallback: (text: string) => Iterable<string>,
  ) {
    this.#idOf = vocabulary.idOf;
    this.#texts = vocabulary.texts;
    this.#merges = merges;
    this.#fallback = fallback;
    // from the last to the first: of a line that stands twice the better rank stays
    for (let rank = merges.length - 1; rank >= 0; rank -= 1) this.#rankOfLine.set(merges[rank] ?? '', rank);
  }

  symbolOf(text: string): number {
    const known = this.#idOf.get(text) ?? this.#otherSymbols.get(text);
    if (known !== undefined) return known;
    const symbol = this.#texts.length + this.#otherTexts.length;
    this.#otherSymbols.set(text, symbol);
    this.#otherTexts.push(text);
    return symbol;
  }

  /** The rank of merging two neighbours, -1 where no merge joins them. */
  rank(left: number, right: number): number {
    const cached = this.#cache.get(left, right);
    if (cached !== null) return cached;
    const rank = this.#rankOfLine.get(`${this.#textOf(left)} ${this.#textOf(right)}`) ?? -1;
    this.#cache.put(left, right, rank);
    return rank;
  }

  /** What a merge makes; symbols hold no space, so the first one parts its line. */
  merged(rank: number): number {
    return this.symbolOf((this.#merges[rank] ?? '').replace(' ', ''));
  }

  /** Appends the token of a symbol, or its fallback tokens; one that the vocabulary lacks is lost, as in llama.cpp. */
  emit(symbol: number, output: TokenId[]): void {
    if (symbol < this.#texts.length) {
      output.push(symbol as TokenId);
      return;
    }
    let ids = this.#fallbackIds.get(symbol);
    if (ids === undefined) {
      ids = Array.from(this.#fallback(this.#textOf(symbol))).flatMap((token) => this.#idOf.get(token) ?? []);
      this.#fallbackIds.set(symbol, ids);
    }
    for (const id of ids) output.push(id);
  }

  #textOf(symbol: number): string {
    return this.#texts[symbol] ?? this.#otherTexts[symbol - this.#texts.length] ?? '';
  }
}

/** The last ranks that were asked for; a pair takes the place of another one with the same hash. */
class RankCache {
  readonly #lefts = new Int32Array(CACHE_SLOTS).fill(-1);
  readonly #rights = new Int32Array(CACHE_SLOTS);
  readonly #ranks = new Int32Array(CACHE_SLOTS);

  get(left: number, right: number): number | null {
    const slot = slotOf(left, right);
    return this.#lefts[slot] === left && this.#rights[slot] === right ? (this.#ranks[slot] ?? -1) : null;
  }

  put(left: number, right: number, rank: number): void {
    const slot = slotOf(left, right);
    this.#lefts[slot] = left;
    this.#rights[slot] = right;
    this.#ranks[slot] = rank;
  }
}

function slotOf(left: number, right: number): number {
  const hash = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
  return (hash ^ (hash >>> 15)) & (CACHE_SLOTS - 1);
}
