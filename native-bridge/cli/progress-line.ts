import { formatBytes } from '../../src/base/units';
import type { CliHost } from './run-cli';

const STEP_PERCENT = 10;
const REDRAW_MS = 200;

/** How far a download is: one line that is written over where somebody looks, else a line for every tenth. */
export class ProgressLine {
  private shownPercent = -1;
  private shownAt = 0;
  private isOpen = false;

  constructor(
    private readonly host: Pick<CliHost, 'err' | 'isTerminal' | 'overwrite'>,
    private readonly label: string,
  ) {}

  /** `totalBytes`: 0 while it is not known. `resumedBytes`: were there before. */
  show(loadedBytes: number, totalBytes: number, resumedBytes = 0): void {
    const percent = totalBytes === 0 ? 0 : Math.floor((loadedBytes / totalBytes) * 100);
    const { isTerminal } = this.host;
    const isDue = isTerminal
      ? Date.now() - this.shownAt >= REDRAW_MS || loadedBytes === totalBytes
      : percent >= this.shownPercent + STEP_PERCENT || this.shownPercent < 0;
    if (!isDue || percent === this.shownPercent) return;
    this.shownAt = Date.now();
    this.shownPercent = isTerminal ? percent : percent - (percent % STEP_PERCENT);
    const of = totalBytes === 0 ? '' : ` of ${formatBytes(totalBytes)}`;
    const resumed = resumedBytes === 0 ? '' : `, ${formatBytes(resumedBytes)} were here`;
    const text = `${String(percent).padStart(3)} %  ${formatBytes(loadedBytes)}${of}${resumed}  ${this.label}`;
    if (isTerminal) this.host.overwrite(text);
    else this.host.err(`${text}\n`);
    this.isOpen = isTerminal;
  }

  /** What comes now stands on a line of its own; another download may follow. */
  end(): void {
    if (this.isOpen) this.host.err('\n');
    this.isOpen = false;
    this.shownPercent = -1;
  }
}
