import type { HeldLock, LockOptions } from '../store-locks';

interface Claim {
  readonly owner: object;
  readonly name: string;
  readonly mode: LockOptions['mode'];
  readonly granted: (() => void) | null;
}

/** Locks as browsers have them: in the order of asking, those of an owner who is gone are free. */
export class MemoryLocks {
  private readonly held = new Set<Claim>();
  private waiting: Claim[] = [];

  get heldNames(): readonly string[] {
    return [...this.held].map(({ name }) => name);
  }

  isHeldBy(owner: object, name: RegExp): boolean {
    return [...this.held].some((claim) => claim.owner === owner && name.test(claim.name));
  }

  try(owner: object, name: string, mode: LockOptions['mode']): HeldLock | null {
    const claim = { owner, name, mode, granted: null };
    if (!this.isFree(claim, this.waiting)) return null;
    this.held.add(claim);
    return this.lockOf(claim);
  }

  acquire(owner: object, name: string, { mode, signal }: LockOptions): Promise<HeldLock> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.waiting = this.waiting.filter((other) => other !== claim);
        this.grant();
        reject(signal.reason);
      };
      const claim: Claim = {
        owner,
        name,
        mode,
        granted: () => {
          signal.removeEventListener('abort', abort);
          resolve(this.lockOf(claim));
        },
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      this.waiting.push(claim);
      return this.grant();
    });
  }

  /** The owner is gone. */
  releaseAll(owner: object): void {
    for (const claim of [...this.held]) if (claim.owner === owner) this.held.delete(claim);
    this.waiting = this.waiting.filter((claim) => claim.owner !== owner);
    this.grant();
  }

  private lockOf(claim: Claim): HeldLock {
    return {
      release: () => {
        this.held.delete(claim);
        this.grant();
      },
    };
  }

  private grant(): void {
    const stillWaiting: Claim[] = [];
    for (const claim of this.waiting) {
      if (!this.isFree(claim, stillWaiting)) stillWaiting.push(claim);
      else {
        this.held.add(claim);
        claim.granted?.();
      }
    }
    this.waiting = stillWaiting;
  }

  private isFree({ name, mode }: Claim, before: readonly Claim[]): boolean {
    if (before.some((other) => other.name === name)) return false;
    return ![...this.held].some((other) => other.name === name && (mode === 'exclusive' || other.mode === 'exclusive'));
  }
}
