import { vi } from 'vitest';

/** Longer than anything takes that comes at all, also on a computer that is busy: what fails here never comes. */
const LIMIT_MS = 15_000;

interface Waiting {
  readonly limitMs?: number;
  readonly intervalMs?: number;
}

/** Waits until `look` passes, and gives what it gave: other tasks, sockets and processes have their own time. */
export function eventually<T>(
  look: () => T | Promise<T>,
  { limitMs = LIMIT_MS, intervalMs = 50 }: Waiting = {},
): Promise<T> {
  return vi.waitFor(look, { timeout: limitMs, interval: intervalMs });
}
