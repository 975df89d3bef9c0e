import type { Readable } from 'node:stream';
import type { Clock } from '../../src/base/clock';

/** Of a line that is longer, the rest is left out. */
const MAX_LINE_BYTES = 4096;
const WINDOW_MS = 100;
/** In one window: more bytes wait in the pipe, where whoever writes waits for them; more lines are left out. */
const WINDOW_BYTES = 262_144;
const WINDOW_LINES = 50;

export interface PumpOptions {
  readonly clock: Clock;
  readonly onLine: (line: string) => void;
  /** Told with the next line after some were left out. */
  readonly onDropped: (lines: number) => void;
}

/**
 * Reads what a process says, line by line. Whatever it says, and however much, this holds one line of it, and keeps nobody from anything else.
 * Ends with the stream, or when that is destroyed.
 */
export class OutputPump {
  private line = Buffer.alloc(0);
  private windowBytes = 0;
  private windowLines = 0;
  private dropped = 0;
  private stopTimer: (() => void) | null = null;

  constructor(
    private readonly stream: Readable,
    private readonly options: PumpOptions,
  ) {
    stream.on('data', (bytes: Buffer) => this.take(bytes));
    stream.on('end', () => this.finish());
    stream.on('close', () => this.finish());
    stream.on('error', () => this.finish()); // the pipe broke: nothing more will come
  }

  private take(bytes: Buffer): void {
    this.stopTimer ??= this.options.clock.after(WINDOW_MS, () => this.nextWindow());
    this.windowBytes += bytes.length;
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      this.append(bytes.subarray(start, end));
      this.endLine();
      start = end + 1;
    }
    this.append(bytes.subarray(start));
    if (this.windowBytes >= WINDOW_BYTES) this.stream.pause();
  }

  private nextWindow(): void {
    this.stopTimer = null;
    this.windowBytes = 0;
    this.windowLines = 0;
    if (this.stream.isPaused()) this.stream.resume();
  }

  private append(bytes: Buffer): void {
    const room = MAX_LINE_BYTES - this.line.length;
    if (room > 0 && bytes.length > 0) this.line = Buffer.concat([this.line, bytes.subarray(0, room)]);
  }

  private endLine(): void {
    const text = this.line.toString('utf8').trimEnd();
    this.line = Buffer.alloc(0);
    if (text === '') return;
    this.windowLines += 1;
    if (this.windowLines > WINDOW_LINES) {
      this.dropped += 1;
      return;
    }
    this.tellDropped();
    this.options.onLine(text);
  }

  private tellDropped(): void {
    if (this.dropped === 0) return;
    this.options.onDropped(this.dropped);
    this.dropped = 0;
  }

  private finish(): void {
    this.stopTimer?.();
    this.stopTimer = null;
    this.endLine();
    this.tellDropped();
  }
}
