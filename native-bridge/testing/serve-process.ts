import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

export interface ServeProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** What it has written to stderr so far. */
  readonly log: () => string;
  /** Its exit code, once it is there. */
  readonly exit: Promise<number | null>;
}

export interface ServeSetup {
  /** The built command. */
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
  /** A descriptor that its log goes to, instead of `log`. */
  readonly logTo?: number;
}

/** Starts `forgelight serve` on a free port, and waits for the line that says where. Killed when the test ends. */
export async function startServe({ command, env, args = [], logTo }: ServeSetup): Promise<ServeProcess> {
  const child = spawn(process.execPath, [command, 'serve', '--port', '0', ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', logTo ?? 'pipe'], // its input is open, as a terminal's is
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  let [out, err] = ['', ''];
  child.stderr?.on('data', (chunk) => (err += String(chunk)));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      out += String(chunk);
      const found = /^Forgelight ready: (http:\/\/\S+)\/$/m.exec(out)?.[1];
      if (found !== undefined) resolve(found);
    });
    void exit.then((code) => reject(new Error(`serve ended with ${code}: ${err}`)));
  });
  return { child, url, log: () => err, exit };
}

/** Runs another command of `forgelight`; gives what it wrote. Rejects where it fails, with its words. */
export async function runCommand({ command, env, args = [] }: ServeSetup): Promise<string> {
  const { stdout } = await run(process.execPath, [command, ...args], { env: { ...process.env, ...env } });
  return stdout;
}

/** Numbers of the processes that this one has started, and that live. */
export async function childrenOf({ pid }: ChildProcess): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,stat=']);
  return stdout.split('\n').flatMap((line) => {
    const [own, parent, state = ''] = line.trim().split(/\s+/);
    return Number(parent) === pid && !state.startsWith('Z') ? [Number(own)] : [];
  });
}

/** Whether a process lives. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // gone
  }
}
