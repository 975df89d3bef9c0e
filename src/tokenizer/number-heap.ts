/** A binary min-heap of numbers with room for `capacity` of them. */
export class NumberHeap {
  readonly #items: Float64Array;
  #size = 0;

  constructor(capacity: number) {
    this.#items = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  push(value: number): void {
    const items = this.#items;
    let index = this.#size;
    this.#size += 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = items[parent] ?? 0;
      if (above <= value) break;
      items[index] = above;
      index = parent;
    }
    items[index] = value;
  }

  /** The smallest number; the heap must not be empty. */
  pop(): number {
    const items = this.#items;
    const smallest = items[0] ?? 0;
    this.#size -= 1;
    const size = this.#size;
    const value = items[size] ?? 0;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      let below = items[child] ?? 0;
      const right = items[child + 1] ?? 0;
      if (child + 1 < size && right < below) {
        child += 1;
        below = right;
      }
      if (below >= value) break;
      items[index] = below;
      index = child;
    }
    items[index] = value;
    return smallest;
  }
}
