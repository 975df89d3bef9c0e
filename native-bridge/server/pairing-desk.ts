import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../src/base/clock';
import { ForgelightError } from '../../src/base/errors';

/** A page waits for the code that the terminal shows. */
export interface PendingPairing {
  readonly id: string;
  readonly origin: string;
  /** Six digits, as `123-456`. */
  readonly code: string;
  readonly expiresAtMs: number;
}

export interface PairingPorts {
  readonly clock: Clock;
  /** A whole number from 0 to `below - 1`, not to be guessed. */
  readonly randomInt: (below: number) => number;
  /** A name not to be guessed. */
  readonly newId: () => string;
}

const LIFE_MS = 120_000;
const MAX_PENDING = 4;
const MAX_WRONG = 5;
/** Over all pairings, so that a page which starts one after the other guesses no better: 20 of a million an hour. */
const MAX_WRONG_AN_HOUR = 20;
/** So that no page fills the terminal. */
const MAX_STARTS_A_MINUTE = 10;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const CODES = 1_000_000;

/** The pairings that wait for their codes. In memory only: who restarts the daemon starts anew. */
export class PairingDesk {
  private readonly entries = new Map<string, PendingPairing & { wrong: number }>();
  private wrongAtMs: number[] = [];
  private startedAtMs: number[] = [];

  constructor(private readonly ports: PairingPorts) {}

  /** An origin's new pairing takes the place of the one it had. Throws `busy` when too many wait. */
  start(origin: string): PendingPairing {
    this.forgetOld();
    for (const entry of this.entries.values()) if (entry.origin === origin) this.entries.delete(entry.id);
    if (this.entries.size >= MAX_PENDING) {
      throw new ForgelightError('busy', `${MAX_PENDING} pages wait for their codes already. Try again in two minutes.`);
    }
    if (this.startedAtMs.length >= MAX_STARTS_A_MINUTE) {
      throw new ForgelightError('busy', 'Too many pairings were begun within a minute. Try again in a minute.');
    }
    this.checkGuesses();
    this.startedAtMs.push(this.ports.clock.now());
    const digits = String(this.ports.randomInt(CODES)).padStart(6, '0');
    const entry = {
      id: this.ports.newId(),
      origin,
      code: `${digits.slice(0, 3)}-${digits.slice(3)}`,
      expiresAtMs: this.ports.clock.now() + LIFE_MS,
      wrong: 0,
    };
    this.entries.set(entry.id, entry);
    return entry;
  }

  /** Ends the pairing well, or throws: `not-paired` where there is none for this origin, `bridge-denied` for a wrong code. */
  finish(id: string, code: string, origin: string): void {
    this.forgetOld();
    const entry = this.entries.get(id);
    if (entry === undefined || entry.origin !== origin) {
      throw new ForgelightError('not-paired', 'This pairing is over, or was never begun here: start it again.');
    }
    this.checkGuesses();
    if (isSame(code.replace(/[\s-]/g, ''), entry.code.replace('-', ''))) {
      this.entries.delete(id);
      return;
    }
    entry.wrong += 1;
    this.wrongAtMs.push(this.ports.clock.now());
    const left = MAX_WRONG - entry.wrong;
    if (left === 0) this.entries.delete(id);
    const advice = left === 0 ? 'Start the pairing again.' : `Look at the terminal again: ${left} more can be tried.`;
    throw new ForgelightError('bridge-denied', `The code is wrong. ${advice}`, { param: 'code' });
  }

  /** Those that still wait. */
  pending(): readonly PendingPairing[] {
    this.forgetOld();
    return [...this.entries.values()];
  }

  private checkGuesses(): void {
    if (this.wrongAtMs.length < MAX_WRONG_AN_HOUR) return;
    throw new ForgelightError(
      'busy',
      'Too many wrong codes came within an hour. Try again later, or restart the daemon.',
    );
  }

  private forgetOld(): void {
    const now = this.ports.clock.now();
    for (const { id, expiresAtMs } of this.entries.values()) if (expiresAtMs <= now) this.entries.delete(id);
    this.startedAtMs = this.startedAtMs.filter((atMs) => atMs > now - MINUTE_MS);
    this.wrongAtMs = this.wrongAtMs.filter((atMs) => atMs > now - HOUR_MS);
  }
}

/** Takes as long for any two texts. */
function isSame(left: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(left), hash(right));
}
