/** One thing that happened: plain values only, no bodies and no secrets. */
export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** What happened, in a word that never changes ("request", "paired"). */
  readonly event: string;
  readonly [detail: string]: string | number | boolean | null | undefined;
}

/** Writes a text somewhere, and resolves when that has taken it. Must not block. */
export type LogSink = (text: string) => Promise<void>;

export interface LogRingOptions {
  readonly capacity: number;
  readonly sink: LogSink;
  /** A line of an entry, without its end; `null` for what is not shown. */
  readonly format: (entry: LogEntry) => string | null;
}

/**
 * Lines on their way to a sink that may be slower than what happens: one write is under way, and up to `capacity` lines wait for the next.
 * Whoever logs never waits. When there is no room the oldest lines go, are counted, and the next write begins with how many there were.
 */
export class LogRing {
  private waiting: string[] = [];
  private droppedUnsaid = 0;
  private writing: Promise<void> | null = null;
  private droppedTotal = 0;

  constructor(private readonly options: LogRingOptions) {}

  /** Lines that nobody will read, since the start. */
  get dropped(): number {
    return this.droppedTotal;
  }

  log(entry: LogEntry): void {
    const line = this.options.format(entry);
    if (line === null) return;
    this.waiting.push(line);
    if (this.waiting.length > this.options.capacity) {
      this.waiting.shift();
      this.countDropped(1);
    }
    this.writing ??= this.drain();
  }

  /** Resolves when all that was logged until now is written or given up. */
  async flush(): Promise<void> {
    await this.writing;
  }

  private async drain(): Promise<void> {
    await Promise.resolve(); // what is logged in the same turn goes out in one write
    while (this.waiting.length > 0) {
      const lines = this.waiting;
      this.waiting = [];
      const said = this.droppedUnsaid;
      this.droppedUnsaid = 0;
      const note = said === 0 ? null : this.options.format({ level: 'warn', event: 'log-dropped', lines: said });
      try {
        await this.options.sink(`${[...(note === null ? [] : [note]), ...lines].join('\n')}\n`);
      } catch {
        // Nobody reads the log any more: there is nobody to tell, so that it is counted.
        this.droppedUnsaid += said;
        this.countDropped(lines.length);
      }
    }
    this.writing = null;
  }

  private countDropped(lines: number): void {
    this.droppedTotal += lines;
    this.droppedUnsaid += lines;
  }
}
