/** How often, and how soon, what has died is started again. */
export interface RestartLimits {
  /** So many deaths within `withinMs` are enough. */
  readonly most: number;
  readonly withinMs: number;
  /** Deaths in a row before a model was there. */
  readonly mostUnready: number;
  /** Before the first restart, doubled with each death that is still counted. */
  readonly baseMs: number;
  readonly maxMs: number;
}

export const RESTART_LIMITS: RestartLimits = {
  most: 6,
  withinMs: 600_000,
  mostUnready: 3,
  baseMs: 100,
  maxMs: 30_000,
};

/** Counts deaths. Plain state, owned by the supervisor. */
export class RestartPolicy {
  private deathsMs: number[] = [];
  private unready = 0;

  constructor(
    private readonly limits: RestartLimits,
    /** Gives numbers from 0 to below 1: so that several do not come back at the same moment. */
    private readonly random: () => number,
  ) {}

  /** Deaths that are counted. */
  get deaths(): number {
    return this.deathsMs.length;
  }

  /** A model was there. */
  ready(): void {
    this.unready = 0;
  }

  /** Milliseconds until the next start; `null`: there is to be none. */
  died(nowMs: number): number | null {
    const { most, withinMs, mostUnready, baseMs, maxMs } = this.limits;
    this.unready += 1;
    this.deathsMs = [...this.deathsMs.filter((atMs) => nowMs - atMs < withinMs), nowMs];
    if (this.unready >= mostUnready || this.deaths >= most) return null;
    return Math.min(maxMs, baseMs * 2 ** (this.deaths - 1)) * (0.5 + this.random() / 2);
  }
}
