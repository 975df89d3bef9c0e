import type { HeldLock, LockOptions, StoreLocks } from '../store-locks';

/** Locks among all tabs and workers of the origin; the browser frees those of whoever is gone. */
export class WebLocks implements StoreLocks {
  constructor(private readonly manager: LockManager) {}

  async acquire(name: string, { mode, signal }: LockOptions): Promise<HeldLock> {
    const lock = await this.request(name, { mode, signal });
    if (lock === null) throw new Error(`The browser gave no lock ${name}.`);
    return lock;
  }

  tryAcquire(name: string, mode: LockOptions['mode']): Promise<HeldLock | null> {
    return this.request(name, { mode, ifAvailable: true });
  }

  /** A web lock is held as long as its callback's promise is pending. */
  private request(name: string, options: globalThis.LockOptions): Promise<HeldLock | null> {
    return new Promise((resolve, reject) => {
      this.manager
        .request(name, options, (lock) => {
          if (lock === null) return resolve(null);
          return new Promise<void>((release) => resolve({ release }));
        })
        .catch(reject);
    });
  }
}
