export interface LockOptions {
  readonly mode: 'exclusive' | 'shared';
  /** Aborts the wait, which then rejects with its reason. */
  readonly signal: AbortSignal;
}

/** Held until released, or until its holder (tab, worker, process) is gone. */
export interface HeldLock {
  /** May be called more than once. */
  release(): void;
}

/** Named locks among all tabs or processes that use one store. */
export interface StoreLocks {
  /** Waits for it. */
  acquire(name: string, options: LockOptions): Promise<HeldLock>;
  /** `null` where somebody has it. */
  tryAcquire(name: string, mode: LockOptions['mode']): Promise<HeldLock | null>;
}
