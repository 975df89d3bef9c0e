/**
 * What a sender says, kept until its reader asks for it: the sender's end is seen though nobody reads, and a slow reader loses nothing. As long
 * as what was sent.
 */
export class ReadAhead<T extends object> {
  private readonly items: T[] = [];
  private ending: (() => IteratorReturnResult<undefined>) | null = null;
  private waiting: (() => void)[] = [];

  push(item: T): void {
    this.items.push(item);
    this.wake();
  }

  /** Nothing follows. */
  end(): void {
    this.finish(() => ({ value: undefined, done: true }));
  }

  /** Nothing follows but this error. */
  fail(error: unknown): void {
    this.finish(() => {
      throw error;
    });
  }

  /** Nobody wants what is left. */
  clear(): void {
    this.items.length = 0;
  }

  /** Resolves when there is something to read, or nothing follows. Rejects where it failed before anything came. */
  async begun(): Promise<void> {
    while (this.items.length === 0 && this.ending === null) await this.change();
    if (this.items.length === 0) this.ending?.();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const item = this.items.shift();
      if (item !== undefined) return { value: item, done: false };
      if (this.ending !== null) return this.ending();
      await this.change();
    }
  }

  private finish(ending: () => IteratorReturnResult<undefined>): void {
    this.ending ??= ending;
    this.wake();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
