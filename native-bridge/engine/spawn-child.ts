import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from '../../src/base/clock';
import type { ChildListener, ChildPort, SpawnChild } from './child-life';
import { OutputPump } from './output-pump';

export interface SpawnOptions {
  /** What is run with this Node: the command's own file, and the hidden argument. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Hears what the process says, line by line. */
  readonly onLine: (line: string) => void;
  readonly onDropped: (lines: number) => void;
  /** Told of each process that was started. */
  readonly onSpawned?: (pid: number) => void;
}

/** Nothing of these is a child's to know. */
const SECRETS = ['HF_TOKEN', 'FORGELIGHT_UPSTREAM_KEY'];

const isGrouped = process.platform !== 'win32';

/** Processes in a group of their own, without input, whose words are pumped and whose channel takes typed arrays. */
export function childSpawner(options: SpawnOptions): SpawnChild {
  return (listener) => new NodeChild(options, listener);
}

/** What a child may know of this process's environment. */
export function childEnvironment(env: SpawnOptions['env']): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SECRETS.includes(name)));
}

class NodeChild implements ChildPort {
  private readonly child: ChildProcess;

  constructor({ args, env, clock, onLine, onDropped, onSpawned }: SpawnOptions, listener: ChildListener) {
    const child = spawn(process.execPath, args, {
      detached: isGrouped,
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
      env: childEnvironment(env),
    });
    this.child = child;
    if (child.pid !== undefined) onSpawned?.(child.pid);
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null) new OutputPump(stream, { clock, onLine, onDropped });
    child.on('message', (message) => listener.message(message));
    child.on('disconnect', () => listener.disconnected());
    child.on('exit', (code, signal) => listener.exited(code, signal));
    child.on('close', () => listener.closed());
    child.on('error', (error) => {
      if (child.pid === undefined) listener.failed(error);
    });
  }

  send(message: Parameters<ChildPort['send']>[0]): void {
    // A channel that has closed meanwhile tells so by itself.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    killGroup(this.child.pid, signal);
  }

  abandon(): void {
    const { child } = this;
    child.stdout?.destroy();
    child.stderr?.destroy();
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/** A process that was started in a group of its own, and all of that. Nobody, where it never was there, or is gone. */
export function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(isGrouped ? -pid : pid, signal);
  } catch (error) {
    // Nobody is left; or, where a system says it so, nobody who is alive.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error;
  }
}
