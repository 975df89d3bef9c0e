import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { onTestFinished } from 'vitest';

export interface StartedCommand {
  readonly child: ChildProcessWithoutNullStreams;
  /** What was said since the last call, once it has this in it; rejects when the process ends without. */
  readonly until: (words: RegExp) => Promise<string>;
  /** The exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts a program for one test, which ends it, and reads along. */
export function startCommand(program: string, args: readonly string[], env: NodeJS.ProcessEnv): StartedCommand {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  let look = (): void => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      said += String(bytes);
      look();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const until = (words: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      void ended.then((code) => reject(new Error(`It ended with ${code}, and had said ${JSON.stringify(said)}`)));
      look = () => {
        const found = words.exec(said);
        if (found === null) return;
        look = () => undefined;
        const end = found.index + found[0].length;
        resolve(said.slice(0, end));
        said = said.slice(end);
      };
      look();
    });
  return { child, until, ended };
}
