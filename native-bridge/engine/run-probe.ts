import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from '../../src/base/clock';
import { unreachable } from '../../src/base/assert';
import { errorFromData, ForgelightError, type ErrorData } from '../../src/base/errors';
import { OUTPUT_MS } from './child-life';
import type { DeviceChoice } from './ipc';
import { OutputPump } from './output-pump';
import { childEnvironment, killGroup } from './spawn-child';

/** `device`: opens it and says what it is. `self-test`: holds its kernels against the CPU. `bandwidth`: measures its memory. `fit`: whether a model would run on it. */
export type ProbeTask = 'device' | 'self-test' | 'bandwidth' | 'fit';

/** What a probe is about to do, of a task that has several steps. */
export interface ProbeStep {
  readonly what: string;
  /** Of which block format; `null`: of none. */
  readonly format: string | null;
  /** Steps that are done. */
  readonly done: number;
  readonly of: number;
}

/** What a probe says: what it is about to do, then one answer or error. By a channel of its own: of what it writes, much may be left out. */
export type ProbeMessage =
  | { readonly doing: string; readonly step?: ProbeStep }
  | { readonly answer: unknown }
  | { readonly error: ErrorData };

export type ProbeOutcome =
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: ErrorData }
  /** `why`: a whole sentence ("The probe was ended by SIGABRT while opening hip."). `said`: the last lines of what it and its libraries wrote. */
  | { readonly kind: 'died'; readonly why: string; readonly said: readonly string[] };

export interface ProbeOptions {
  /** What is run with this Node: the command's own file, and the hidden argument. */
  readonly args: readonly string[];
  readonly device: DeviceChoice;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** It is killed then. */
  readonly timeoutMs: number;
  /** Block formats that a self-test has to do with besides the typical ones. */
  readonly formats?: readonly string[];
  /** What `fit` is asked about: plain data. */
  readonly about?: object;
  readonly onStep?: (step: ProbeStep) => void;
  /** Nobody waits for it any more: it is killed. */
  readonly signal?: AbortSignal;
}

const MOST_LINES = 20;

/** What a probe has answered. Throws what it told, `device-lost` where it died of its task. */
export function answerOfProbe(outcome: ProbeOutcome): unknown {
  switch (outcome.kind) {
    case 'answer':
      return outcome.value;
    case 'failed':
      throw errorFromData(outcome.error);
    case 'died':
      throw new ForgelightError('device-lost', [outcome.why, ...outcome.said].join('\n'));
    default:
      return unreachable(outcome);
  }
}

/** Has a process of its own do what may end a process. Always resolves: whatever becomes of that process is the outcome. */
export function runProbe(task: ProbeTask, options: ProbeOptions): Promise<ProbeOutcome> {
  return new Promise((resolve) => new Probe(task, options, resolve));
}

class Probe {
  private readonly child: ChildProcess;
  private readonly said: string[] = [];
  private doing = 'starting';
  private outcome: ProbeOutcome | null = null;
  private isOver = false;
  private stopTimer: () => void;
  private readonly stop = (): void => this.end('The probe was stopped');

  constructor(
    task: ProbeTask,
    private readonly options: ProbeOptions,
    private readonly resolve: (outcome: ProbeOutcome) => void,
  ) {
    const { args, device, env, clock, timeoutMs, formats = [], about = {}, signal } = options;
    const child = spawn(process.execPath, [...args, task, device, formats.join(), JSON.stringify(about)], {
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: childEnvironment(env),
    });
    this.child = child;
    const onDropped = (lines: number): void => this.keep(`(${lines} more lines)`);
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null) new OutputPump(stream, { clock, onLine: (line) => this.keep(line), onDropped });
    child.on('message', (told) => this.hear(told as ProbeMessage));
    this.stopTimer = clock.after(timeoutMs, () => this.end(`The probe took longer than ${timeoutMs} ms`));
    child.on('error', (error) => this.end(`The probe could not be started (${error.message})`));
    child.on('close', (code, by) => this.end(exitWords(code, by)));
    child.on('exit', (code, by) => {
      if (this.isOver) return;
      // Somebody else may hold its pipes.
      this.stopTimer();
      this.stopTimer = clock.after(OUTPUT_MS, () => this.end(exitWords(code, by)));
    });
    signal?.addEventListener('abort', this.stop);
    if (signal?.aborted === true) this.stop();
  }

  private hear(told: ProbeMessage): void {
    if ('doing' in told) {
      this.doing = told.doing;
      if (told.step !== undefined && !this.isOver) this.options.onStep?.(told.step);
    } else if ('error' in told) this.outcome = { kind: 'failed', error: told.error };
    else this.outcome = { kind: 'answer', value: told.answer };
  }

  private keep(line: string): void {
    this.said.push(line);
    if (this.said.length > MOST_LINES) this.said.shift();
  }

  /** Once it has answered, it does not matter how it ends. */
  private end(how: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopTimer();
    this.options.signal?.removeEventListener('abort', this.stop);
    const { child } = this;
    killGroup(child.pid, 'SIGKILL');
    child.stdout?.destroy();
    child.stderr?.destroy();
    if (child.connected) child.disconnect();
    child.unref();
    this.resolve(this.outcome ?? { kind: 'died', why: `${how} while ${this.doing}.`, said: [...this.said] });
  }
}

function exitWords(code: number | null, signal: string | null): string {
  return signal === null ? `The probe exited with code ${code}` : `The probe was ended by ${signal}`;
}
