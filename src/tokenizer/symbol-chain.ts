const NONE = -1;
const GONE = -2;

/** Positions of a text as a linked list: each begins a symbol until its left neighbour takes it in. */
export class SymbolChain {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor(capacity: number) {
    this.#next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
  }

  /** A symbol at each of the positions 0 … length - 1, of which there is room for `capacity`. */
  begin(length: number): void {
    for (let at = 0; at < length; at += 1) {
      this.#previous[at] = at - 1;
      this.#next[at] = at + 1 < length ? at + 1 : NONE;
    }
  }

  /** Where the next symbol begins; negative after the last one. */
  next(at: number): number {
    return this.#next[at] ?? NONE;
  }

  /** Where the previous symbol begins; negative before the first one. */
  previous(at: number): number {
    return this.#previous[at] ?? NONE;
  }

  /** Whether a neighbour has taken in what began here. */
  isGone(at: number): boolean {
    return this.#next[at] === GONE;
  }

  /** The symbol at `at` takes in its next one, which must exist. */
  joinNext(at: number): void {
    const right = this.next(at);
    const after = this.next(right);
    this.#next[at] = after;
    if (after >= 0) this.#previous[after] = at;
    this.#next[right] = GONE;
  }
}
