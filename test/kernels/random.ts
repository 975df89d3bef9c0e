/** Seeded numbers (mulberry32): the same inputs on every device and in every run. */
export class Random {
  constructor(private state: number) {}

  /** `next`, for whoever takes a function. */
  readonly draw = (): number => this.next();

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** In [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** Whole, in [from, to]. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  floats(length: number, from = -1, to = 1): Float32Array<ArrayBuffer> {
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) values[i] = this.between(from, to);
    return values;
  }

  /** A permutation of 0 … length − 1. */
  shuffled(length: number): number[] {
    const order = Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
    }
    return order;
  }
}
