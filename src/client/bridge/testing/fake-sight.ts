import type { Sight } from '../bridge-scope';

/** Somebody sees the page, until the test says otherwise. */
export class FakeSight implements Sight {
  private seen = true;
  private readonly listeners = new Set<() => void>();

  /** Whoever listens: none must be left at the end. */
  get watched(): number {
    return this.listeners.size;
  }

  isSeen(): boolean {
    return this.seen;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  show(seen: boolean): void {
    if (seen === this.seen) return;
    this.seen = seen;
    for (const listener of [...this.listeners]) listener();
  }
}
