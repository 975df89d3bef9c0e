import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../src/base/clock';
import { ForgelightError } from '../../src/base/errors';
import { proofOf } from '../state/daemon-proof';
import type { AccessFile, StoredGrant } from './access-file';

/** Who may ask: a page that was paired, a program with a key, or the command of this user's own terminal. */
export type Grant =
  | StoredGrant
  | { readonly id: 'command'; readonly kind: 'admin'; readonly sha256: string; readonly scope: 'all' };

export interface IssuedGrant {
  readonly grant: StoredGrant;
  /** Shown once; only its hash is kept. */
  readonly secret: string;
}

export const GRANT_LIFE_MS = 90 * 24 * 3_600_000;
const SECRET_BYTES = 32;
/** Timers of Node hold no longer times than 24 days. */
const LONGEST_WAIT_MS = 12 * 3_600_000;

/**
 * All grants that are in force. It owns who holds one: a revoked or expired grant ends its holders in the same turn. Changes are kept
 * before they are told of; after a failure to keep them they are in force all the same, and the failure is the caller's.
 */
export class AccessBook {
  private readonly holders = new Map<string, Set<(error: ForgelightError) => void>>();
  private readonly admin: Grant | null;
  private stopTimer: (() => void) | null = null;

  private constructor(
    private readonly file: AccessFile,
    private grants: readonly StoredGrant[],
    private readonly clock: Clock,
    private readonly adminKey: string | null,
  ) {
    this.admin = adminKey === null ? null : { id: 'command', kind: 'admin', sha256: hashOf(adminKey), scope: 'all' };
    this.expire();
  }

  /** `adminKey`: of this run; `null` where nobody administers. */
  static async open(file: AccessFile, clock: Clock, adminKey: string | null): Promise<AccessBook> {
    return new AccessBook(file, await file.read(), clock, adminKey);
  }

  list(): readonly StoredGrant[] {
    this.expire();
    return this.grants;
  }

  isPaired(origin: string): boolean {
    return this.list().some((grant) => grant.kind === 'page' && grant.origin === origin);
  }

  /** A page's token, bound to its origin and to answers. */
  issueToken(origin: string): Promise<IssuedGrant> {
    return this.issue('', (common) => ({ ...common, kind: 'page', origin, scope: 'answers' }));
  }

  /** A key for a program on this computer. */
  issueKey(name: string): Promise<IssuedGrant> {
    return this.issue('fl-', (common) => ({ ...common, kind: 'native', name, scope: 'all' }));
  }

  /** The grant that a secret belongs to, or `null`. Looks at all of them, and takes as long for any secret. */
  find(secret: string): Grant | null {
    const hash = Buffer.from(hashOf(secret), 'hex');
    let found: Grant | null = null;
    for (const grant of [...this.list(), ...(this.admin === null ? [] : [this.admin])]) {
      if (timingSafeEqual(hash, Buffer.from(grant.sha256, 'hex'))) found = grant;
    }
    return found;
  }

  /** Proves that this is the daemon whose key the command of this user knows; `null` where nobody administers. */
  prove(nonce: string): string | null {
    return this.adminKey === null ? null : proofOf(this.adminKey, nonce);
  }

  /** Takes a grant back, at once and for open streams too. `false` where there is none. */
  async revoke(id: string): Promise<boolean> {
    if (!this.grants.some((grant) => grant.id === id)) return false;
    this.remove(id, 'This access was taken back. Pair again, or make another key.');
    await this.file.write(this.grants);
    return true;
  }

  /** Calls `onEnd` when the grant ends before the returned function is called. */
  hold(grant: Grant, onEnd: (error: ForgelightError) => void): () => void {
    const holders = this.holders.get(grant.id) ?? new Set();
    this.holders.set(grant.id, holders.add(onEnd));
    return () => {
      holders.delete(onEnd);
      if (holders.size === 0 && this.holders.get(grant.id) === holders) this.holders.delete(grant.id);
    };
  }

  /** Stops its timer, and waits for what is being kept. */
  async close(): Promise<void> {
    this.stopTimer?.();
    this.stopTimer = null;
    await this.file.settled();
  }

  private async issue(
    prefix: string,
    complete: (common: Pick<StoredGrant, 'id' | 'sha256' | 'createdAtMs' | 'expiresAtMs'>) => StoredGrant,
  ): Promise<IssuedGrant> {
    const secret = prefix + randomBytes(SECRET_BYTES).toString('base64url');
    const createdAtMs = this.clock.now();
    const grant = complete({
      id: randomBytes(4).toString('hex'),
      sha256: hashOf(secret),
      createdAtMs,
      expiresAtMs: createdAtMs + GRANT_LIFE_MS,
    });
    this.grants = [...this.grants, grant];
    this.expire();
    await this.file.write(this.grants);
    return { grant, secret };
  }

  /** Takes out what is over, and looks again when the next is. */
  private expire(): void {
    const now = this.clock.now();
    for (const { id, expiresAtMs } of this.grants) {
      if (expiresAtMs <= now) this.remove(id, 'This access has expired. Pair again, or make another key.');
    }
    this.stopTimer?.();
    const next = Math.min(...this.grants.map(({ expiresAtMs }) => expiresAtMs));
    this.stopTimer = Number.isFinite(next)
      ? this.clock.after(Math.min(next - now, LONGEST_WAIT_MS), () => this.expire())
      : null;
  }

  private remove(id: string, why: string): void {
    this.grants = this.grants.filter((grant) => grant.id !== id);
    const holders = this.holders.get(id);
    this.holders.delete(id);
    for (const onEnd of holders ?? []) onEnd(new ForgelightError('not-paired', why));
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
