import type { Clock } from '../../src/base/clock';
import type { HostTimeouts } from '../../src/protocol/timeouts';
import { LOOKS } from '../../src/protocol/reader-port';
import { messageOf, type EngineStart, type FromEngine, type Numbered, type ToEngine } from './ipc';

/** How long what a process has said may still come in after it is gone. Whoever holds its pipes beyond that is not waited for. */
export const OUTPUT_MS = 1000;

/** Its exit says more, where one follows. */
const DISCONNECTED = 'it closed its channel';

/** A process, and all that it has started, as its supervisor sees it. */
export interface ChildPort {
  /** To nobody, where it is gone. */
  send(message: Numbered<ToEngine>): void;
  /** To its whole group. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Lets go of its pipes and its channel, whoever else may hold them. */
  abandon(): void;
}

/** What a process tells its supervisor; never while it is being started. */
export interface ChildListener {
  message(received: unknown): void;
  /** Its channel is closed. */
  disconnected(): void;
  exited(code: number | null, signal: string | null): void;
  /** It has exited and nothing more will be read of it. */
  closed(): void;
  /** It was never there. */
  failed(error: Error): void;
}

export type SpawnChild = (listener: ChildListener) => ChildPort;

export interface LifeDeps {
  readonly spawn: SpawnChild;
  readonly clock: Clock;
  readonly timeouts: Pick<HostTimeouts, 'startMs' | 'killMs' | 'stepMs'>;
  readonly start: EngineStart;
  /** What it says, until it is to end; never a `beat`. */
  readonly onMessage: (message: Exclude<FromEngine, { type: 'beat' }>) => void;
  /** Called once, and nothing after it: it is gone, or was given up because nothing ends it. `why` is half a sentence. */
  readonly onGone: (why: string) => void;
}

/**
 * starting → up → terminating → killing → gone, or from any of them to exited → gone.
 */
type Stage = 'starting' | 'up' | 'terminating' | 'killing' | 'exited' | 'gone';

/**
 * One process from its start until nothing of it is left. Each stage but `up` has a deadline, and in `up` it has to answer, so that whatever the
 * process does, `onGone` comes. Times are counted in looks at the clock where a machine may have slept.
 */
export class ChildLife {
  private stage: Stage = 'starting';
  private readonly port: ChildPort;
  private isClosed = false;
  private why = '';
  private silentLooks = 0;
  private stopTimer: () => void = () => undefined;

  constructor(
    private readonly generation: number,
    private readonly deps: LifeDeps,
  ) {
    this.port = deps.spawn({
      message: (received) => this.hear(received),
      disconnected: () => this.end(DISCONNECTED),
      exited: (code, signal) => this.exited(code, signal),
      closed: () => this.closed(),
      failed: (error) => this.gone(`it could not be started (${error.message})`),
    });
    const { startMs } = deps.timeouts;
    this.enter('starting', startMs, () => this.end(`it said nothing for ${startMs} ms after its start`));
    this.send({ type: 'start', ...deps.start });
  }

  send(message: ToEngine): void {
    if (this.isAlive()) this.port.send({ ...message, generation: this.generation });
  }

  /** Asks it to end, and makes it. Only the first reason counts. */
  end(why: string): void {
    if (!this.isAlive()) return;
    this.why = why;
    const { killMs } = this.deps.timeouts;
    this.enter('terminating', killMs, () => {
      this.enter('killing', killMs, () => this.gone(`${this.why}, and it could not be killed`));
      this.port.kill('SIGKILL');
    });
    this.port.kill('SIGTERM');
  }

  private isAlive(): boolean {
    return this.stage === 'starting' || this.stage === 'up';
  }

  private enter(stage: Stage, deadlineMs: number, onDeadline: () => void): void {
    this.stage = stage;
    this.stopTimer();
    this.stopTimer = this.deps.clock.after(deadlineMs, onDeadline);
  }

  private hear(received: unknown): void {
    const message = this.isAlive() ? messageOf(received, this.generation) : null;
    if (message === null) return;
    this.silentLooks = 0;
    if (message.type === 'beat') return;
    if ((message.type === 'hello') !== (this.stage === 'starting')) return; // it knows no better
    if (message.type === 'hello') this.look();
    this.deps.onMessage(message);
  }

  /** Whether its event loop turns. */
  private look(): void {
    const { stepMs } = this.deps.timeouts;
    this.send({ type: 'beat' });
    this.enter('up', stepMs / LOOKS, () => {
      this.silentLooks += 1;
      if (this.silentLooks > LOOKS) this.end(`it answered nothing for ${stepMs} ms`);
      else this.look();
    });
  }

  private exited(code: number | null, signal: string | null): void {
    if (this.stage === 'exited' || this.stage === 'gone') return;
    if (this.why === '' || this.why === DISCONNECTED)
      this.why = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
    this.enter('exited', OUTPUT_MS, () => this.gone(this.why));
    this.port.kill('SIGKILL'); // what it has started, and left behind
    if (this.isClosed) this.gone(this.why);
  }

  private closed(): void {
    this.isClosed = true;
    if (this.stage === 'exited') this.gone(this.why);
  }

  private gone(why: string): void {
    if (this.stage === 'gone') return;
    this.stage = 'gone';
    this.stopTimer();
    this.port.abandon();
    this.deps.onGone(why);
  }
}
