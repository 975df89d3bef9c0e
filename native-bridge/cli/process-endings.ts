import type { EventEmitter } from 'node:events';
import { systemClock as clock } from '../../src/base/system-clock';
import { atMost, orAborted } from '../server/waiting';

/** Of a stream what is used. */
interface Output extends EventEmitter {
  /** `done` is called when all is out that was written before, or nobody reads it any more. */
  write(text: string, done: () => void): unknown;
}

/** What of `process` is used. */
export interface EndingProcess extends Pick<EventEmitter, 'on' | 'removeAllListeners'> {
  readonly pid: number;
  readonly platform: NodeJS.Platform;
  readonly stdout: Output;
  readonly stderr: Output;
  exit(code: number): void;
  kill(pid: number, signal: NodeJS.Signals): boolean;
}

/** What a shell says of a process that such a signal ended. */
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
/** What was told to end gives up what it has printed when nobody reads it for so long. */
const UNREAD_MS = 500;
/** What a pipe without a reader gives, and a terminal that was closed. */
const UNREAD = ['EPIPE', 'EIO'];

/**
 * What ends the command from outside: signals, and that nobody reads any more what it prints. `signal` fires at the first of them,
 * so that what runs ends in order. A second SIGINT or SIGTERM ends the process at once; a second SIGHUP does not, as whoever closes
 * a terminal lets both the shell and the system send one. `interrupt` hears each SIGINT before: true where it was meant for an answer.
 */
export class ProcessEndings {
  private readonly stop = new AbortController();
  private isUnread = false;
  private isHungUp = false;
  private isTerminated = false;

  constructor(
    private readonly process: EndingProcess,
    private readonly interrupt: () => boolean,
  ) {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => this.hear(name));
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (!UNREAD.includes(error.code ?? '')) throw error;
      this.isUnread = true;
      this.end('Nobody reads what it prints.');
    });
    // Complaints that nobody reads are no reason to end.
    process.stderr.on('error', (error: NodeJS.ErrnoException) => {
      if (!UNREAD.includes(error.code ?? '')) throw error;
    });
  }

  get signal(): AbortSignal {
    return this.stop.signal;
  }

  /**
   * The exit code of a command that ended with `code`. Whoever had read enough, as behind `| head`, sees no failure; what says that it was
   * stopped says by which signal.
   */
  codeOf(code: number): number {
    if (this.isUnread && !this.isHungUp) return 0;
    return code === SIGNAL_CODES.SIGINT && this.isTerminated ? SIGNAL_CODES.SIGTERM : code;
  }

  /**
   * Ends the process, whose command has ended with `code`, once what it has printed is read. A log that nobody reads is no reason to stay: what
   * waits to be written would keep Node alive. Where the terminal is gone it ends by the signal that told so; Windows has none.
   */
  async finish(code: number): Promise<void> {
    await this.printed();
    if (!this.isHungUp || this.process.platform === 'win32') return this.process.exit(this.codeOf(code));
    // Node would try to give the terminal back as it was, and abort where there is none.
    this.process.removeAllListeners('SIGHUP');
    this.process.kill(this.process.pid, 'SIGHUP');
  }

  private async printed(): Promise<void> {
    const { stdout, stderr } = this.process;
    const outputs = [stdout, stderr].map((output) => new Promise<void>((resolve) => output.write('', () => resolve())));
    const all = Promise.all(outputs);
    await orAborted(all, this.signal).catch(() => atMost(all, clock, UNREAD_MS));
  }

  private hear(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void {
    if (name === 'SIGHUP') this.isHungUp = true;
    else if (name === 'SIGINT' && this.interrupt()) return;
    // Whoever asks twice does not want to wait for what is still to be written down.
    else if (this.stop.signal.aborted) return this.process.exit(SIGNAL_CODES[name]);
    else this.isTerminated = name === 'SIGTERM';
    this.end(`Stopped by ${name}.`);
  }

  private end(why: string): void {
    this.stop.abort(new DOMException(why, 'AbortError')); // the first reason stays
  }
}
