import type { Clock } from '../base/clock';
import type { LoadPhase, LoadProgress } from '../protocol/progress';

const PHASES: readonly LoadPhase[] = ['probe', 'download', 'verify', 'upload', 'compile', 'warmup', 'ready'];
const BYTE_PHASES: readonly LoadPhase[] = ['download', 'verify', 'upload'];

const MAX_REPORTS_A_SECOND = 10;
const MIN_INTERVAL_MS = 100;
/** The speed is that of the last seconds: long enough to be calm, short enough to be true. */
const SPEED_WINDOW_MS = 4_000;
const MIN_SPEED_WINDOW_MS = 500;
const SAMPLE_INTERVAL_MS = 100;

interface Phase {
  readonly name: LoadPhase;
  loaded: number;
  total: number;
  readonly resumed: number;
  /** How far the phase was at recent times, oldest first. */
  readonly samples: { readonly atMs: number; readonly loaded: number }[];
}

/**
 * Turns counts of bytes and steps into `LoadProgress`, one phase after the other in their order. Reports at most ten times
 * in any second, and always the last state of each phase.
 */
export class ProgressMeter {
  private phase: Phase | null = null;
  /** The current state has not been reported. */
  private pending = false;
  private readonly reportTimes: number[] = [];
  private stopTimer: (() => void) | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly report: (progress: LoadProgress) => void,
  ) {}

  /**
   * Ends the phase before. `total` in bytes or steps, 0 while unknown. The first `resumed` bytes come out of the store: they are
   * counted as they are read, and say nothing about the speed of the rest.
   */
  begin(name: LoadPhase, total: number, resumed = 0): void {
    this.end();
    const samples = [{ atMs: this.clock.now(), loaded: 0 }];
    this.phase = { name, loaded: 0, total, resumed, samples };
    this.changed();
  }

  /** `amount` more bytes or steps are done. */
  advance(amount: number): void {
    const { phase } = this;
    if (phase === null) return;
    const isReadBack = phase.loaded < phase.resumed && phase.resumed < phase.total;
    phase.loaded += amount;
    if (isReadBack) phase.samples.splice(0, phase.samples.length, { atMs: this.clock.now(), loaded: phase.loaded });
    else this.sample(phase);
    this.changed();
  }

  /** The total became known. */
  setTotal(total: number): void {
    if (this.phase === null) return;
    this.phase.total = total;
    this.changed();
  }

  /** Reports the phase's last state if that has not happened. */
  end(): void {
    if (this.pending) this.emit();
    this.abandon();
  }

  /** Says nothing more: the load failed or was aborted. */
  abandon(): void {
    this.stopTimer?.();
    this.stopTimer = null;
    this.pending = false;
    this.phase = null;
  }

  private changed(): void {
    this.pending = true;
    const waitMs = this.waitMs();
    if (waitMs <= 0) this.emit();
    else this.stopTimer ??= this.clock.after(waitMs, () => this.retry());
  }

  private retry(): void {
    this.stopTimer = null;
    if (this.pending) this.changed();
  }

  private emit(): void {
    const { phase } = this;
    if (phase === null) return;
    this.stopTimer?.();
    this.stopTimer = null;
    this.pending = false;
    this.reportTimes.push(this.clock.now());
    if (this.reportTimes.length > MAX_REPORTS_A_SECOND) this.reportTimes.shift();
    this.report(this.progressOf(phase));
  }

  /** How long a report has to wait so that there is room in its second for the last ones of this and all later phases. */
  private waitMs(): number {
    const { phase, reportTimes } = this;
    const nowMs = this.clock.now();
    const lastOnes = phase === null ? 0 : PHASES.length - PHASES.indexOf(phase.name);
    const full = reportTimes.at(-Math.max(1, MAX_REPORTS_A_SECOND - lastOnes));
    const sinceLast = nowMs - (reportTimes.at(-1) ?? Number.NEGATIVE_INFINITY);
    const sinceFull = nowMs - (full ?? Number.NEGATIVE_INFINITY);
    return Math.max(MIN_INTERVAL_MS - sinceLast, 1000 - sinceFull);
  }

  private sample(phase: Phase): void {
    const { samples } = phase;
    const atMs = this.clock.now();
    if (atMs - (samples.at(-1)?.atMs ?? 0) < SAMPLE_INTERVAL_MS) return;
    samples.push({ atMs, loaded: phase.loaded });
    // The oldest sample is the last one from before the window.
    while ((samples[1]?.atMs ?? atMs) <= atMs - SPEED_WINDOW_MS) samples.shift();
  }

  private progressOf(phase: Phase): LoadProgress {
    const { name, loaded, total, resumed } = phase;
    const bytesPerSecond = BYTE_PHASES.includes(name) ? this.speedOf(phase) : 0;
    const etaSeconds = bytesPerSecond > 0 && total >= loaded ? (total - loaded) / bytesPerSecond : null;
    return { phase: name, loaded, total, bytesPerSecond, etaSeconds, resumed };
  }

  private speedOf(phase: Phase): number {
    const oldest = phase.samples[0];
    const elapsedMs = this.clock.now() - (oldest?.atMs ?? 0);
    if (oldest === undefined || elapsedMs < MIN_SPEED_WINDOW_MS) return 0;
    return ((phase.loaded - oldest.loaded) / elapsedMs) * 1000;
  }
}
