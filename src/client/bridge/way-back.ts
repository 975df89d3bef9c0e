import type { Clock } from '../../base/clock';
import type { Sight } from './bridge-scope';

/** Between two looks: the first pause, and the longest. */
const FIRST_MS = 1_000;
const MOST_MS = 60_000;

export interface WayBackPorts {
  readonly clock: Clock;
  readonly sight: Sight;
  /** Whether the preferred place is away: `yes`, not (or not to be looked for), or about to be ready. */
  readonly missing: () => 'yes' | 'no' | 'opening';
  /** Opens it; `update` is called when that has come to something. */
  readonly look: () => void;
}

/**
 * Looks for a place that has gone away, with growing pauses, until it is back, and only while somebody sees the page: nothing is loaded for
 * nobody. Owns one timer at most.
 */
export class WayBack {
  private cancelLook: (() => void) | null = null;
  private looks = 0;
  private upSinceMs: number | null = null;
  private isClosed = false;
  private readonly forgetSight: () => void;

  constructor(private readonly ports: WayBackPorts) {
    this.forgetSight = ports.sight.onChange(() => {
      this.looks = 0;
      this.rest();
      this.update();
    });
  }

  /** To be called whenever a place went away, came, or did not come. */
  update(): void {
    const missing = this.isClosed ? 'no' : this.ports.missing();
    if (missing === 'yes' && this.ports.sight.isSeen()) return this.plan();
    this.rest();
    if (missing === 'no') this.upSinceMs ??= this.ports.clock.now();
  }

  close(): void {
    this.isClosed = true;
    this.forgetSight();
    this.rest();
  }

  private plan(): void {
    const { clock, look } = this.ports;
    // One that comes and goes at once is not asked faster than one that stays away.
    if (this.upSinceMs !== null && clock.now() - this.upSinceMs >= MOST_MS) this.looks = 0;
    this.upSinceMs = null;
    if (this.cancelLook !== null) return;
    this.cancelLook = clock.after(Math.min(FIRST_MS * 2 ** this.looks, MOST_MS), () => {
      this.cancelLook = null;
      this.looks += 1;
      look();
    });
  }

  private rest(): void {
    this.cancelLook?.();
    this.cancelLook = null;
  }
}
