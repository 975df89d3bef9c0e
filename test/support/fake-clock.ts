import type { Clock } from '../../src/base/clock';

/**
 * A clock that moves only when told to. With `instantUpToMs`, shorter waits (pauses between attempts) pass at once and move
 * the clock, while longer ones (watchdogs) still wait for `advance`.
 */
export class FakeClock implements Clock {
  /** Every wait asked for, in order. */
  readonly delays: number[] = [];
  private nowMs = 1_000;
  private readonly timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  constructor(private readonly instantUpToMs = -1) {}

  now(): number {
    return this.nowMs;
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.timers.size;
  }

  after(delayMs: number, callback: () => void): () => void {
    this.delays.push(delayMs);
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.timers.add(timer);
    if (delayMs <= this.instantUpToMs) queueMicrotask(() => this.fire(timer));
    return () => this.timers.delete(timer);
  }

  /** Moves on, calling what is due in the order of its time. */
  advance(byMs: number): void {
    const untilMs = this.nowMs + byMs;
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.fire(due);
    }
    this.nowMs = untilMs;
  }

  /** All of this time passes at once: what is due is called after it, and what that waits for begins then. */
  sleep(forMs: number): void {
    this.nowMs += forMs;
    for (const timer of [...this.timers].filter(({ atMs }) => atMs <= this.nowMs)) this.fire(timer);
  }

  private fire(timer: { readonly atMs: number; readonly callback: () => void }): void {
    if (!this.timers.delete(timer)) return;
    this.nowMs = Math.max(this.nowMs, timer.atMs);
    timer.callback();
  }
}
