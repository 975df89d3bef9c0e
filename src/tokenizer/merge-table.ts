import type { TokenId } from '../base/ids';
import { BYTE_CHARACTERS } from './byte-characters';

/**
 * The merges of a byte-pair encoding over numbered symbols. A symbol is a token (its number is the id) or, from the vocabulary's size
 * on, a text that merges name but that is no token.
 */
export class MergeTable {
  /** Symbol of each byte. */
  readonly byteSymbols: Int32Array;
  readonly #rankOfPair = new Map<number, number>();
  /** By rank. */
  readonly #merged: Int32Array;
  readonly #extraTexts: string[] = [];
  readonly #symbolCount: number;
  readonly #idOf: ReadonlyMap<string, TokenId>;

  /** `merges`: `"left right"`, best first. A line of another form is passed over, and so is a pair that came before. */
  constructor(idOf: ReadonlyMap<string, TokenId>, merges: readonly string[]) {
    this.#idOf = idOf;
    const extra = new Map<string, number>();
    const symbolOf = (text: string): number => {
      const known = idOf.get(text) ?? extra.get(text);
      if (known !== undefined) return known;
      const symbol = idOf.size + extra.size;
      extra.set(text, symbol);
      this.#extraTexts.push(text);
      return symbol;
    };
    this.byteSymbols = Int32Array.from(BYTE_CHARACTERS, symbolOf);
    const pairs = new Int32Array(2 * merges.length).fill(-1);
    this.#merged = new Int32Array(merges.length);
    for (const [rank, line] of merges.entries()) {
      const space = line.indexOf(' ', 1);
      if (space < 0) continue;
      const left = line.slice(0, space);
      const right = line.slice(space + 1);
      pairs[2 * rank] = symbolOf(left);
      pairs[2 * rank + 1] = symbolOf(right);
      this.#merged[rank] = symbolOf(left + right);
    }
    this.#symbolCount = idOf.size + extra.size;
    for (let rank = merges.length - 1; rank >= 0; rank -= 1) {
      const left = pairs[2 * rank] ?? -1;
      // from the last to the first: of a pair that is listed twice the better rank stays
      if (left >= 0) this.#rankOfPair.set(left * this.#symbolCount + (pairs[2 * rank + 1] ?? -1), rank);
    }
  }

  /** The rank of merging two neighbours, -1 where no merge joins them. */
  rank(left: number, right: number): number {
    return this.#rankOfPair.get(left * this.#symbolCount + right) ?? -1;
  }

  merged(rank: number): number {
    return this.#merged[rank] ?? -1;
  }

  /**
   * Appends the token of a symbol. A symbol that is no token falls back to the tokens of its bytes; a byte without one is lost, as in
   * llama.cpp.
   */
  emit(symbol: number, output: TokenId[]): void {
    if (symbol < this.#idOf.size) {
      output.push(symbol as TokenId);
      return;
    }
    for (const character of this.#extraTexts[symbol - this.#idOf.size] ?? '') {
      const id = this.#idOf.get(character);
      if (id !== undefined) output.push(id);
    }
  }
}
