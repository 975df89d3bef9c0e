import type { Clock } from '../base/clock';
import type { PullProgress } from '../store/store-host';

const INTERVAL_MS = 100;

/** Tells how far a download is at most ten times a second, and always its last byte: each report is a message to the page. */
export class PullMeter {
  private reportedMs = Number.NEGATIVE_INFINITY;
  private pending: PullProgress | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly report: (progress: PullProgress) => void,
  ) {}

  show(progress: PullProgress): void {
    this.pending = progress;
    const isLast = progress.loaded === progress.total;
    if (isLast || this.clock.now() - this.reportedMs >= INTERVAL_MS) this.end();
  }

  /** Reports what was not. */
  end(): void {
    const { pending } = this;
    this.pending = null;
    if (pending === null) return;
    this.reportedMs = this.clock.now();
    this.report(pending);
  }
}
