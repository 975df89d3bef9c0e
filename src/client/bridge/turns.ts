/** Places for a few at once; whoever waits longest has the next that is left. */
export class Turns {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  /** Resolves when there is a place. */
  take(): Promise<void> {
    if (this.taken === this.most) return new Promise((resolve) => this.waiting.push(resolve));
    this.taken += 1;
    return Promise.resolve();
  }

  leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.taken -= 1;
    else next();
  }
}
