import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { builtCommand } from '../testing/built-command';
import { zooStore, type ZooStore } from '../testing/zoo-store';

const MODEL = 'llama-yarn.gguf';
let zoo: ZooStore;
let command = '';

beforeAll(async () => {
  [zoo, command] = await Promise.all([zooStore(['llama-yarn']), builtCommand()]);
});
afterAll(() => zoo.remove());

interface Session {
  readonly child: ChildProcessWithoutNullStreams;
  /** What was said since the last call, once it has this in it. */
  readonly until: (words: RegExp) => Promise<string>;
  readonly ended: Promise<number | null>;
}

/** Starts a program and reads along. */
function start(program: string, args: readonly string[]): Session {
  const env = { ...process.env, FORGELIGHT_MODELS: zoo.modelsFolder, FORGELIGHT_STATE: zoo.stateFolder, TERM: 'dumb' };
  const child = spawn(program, args, { env });
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
        const until = said.slice(0, found.index + found[0].length);
        said = said.slice(until.length);
        resolve(until);
      };
      look();
    });
  return { child, until, ended };
}

const RUN = ['run', MODEL, '--device', 'reference', '--temperature', '0'];

describe('forgelight run, as a process', () => {
  it('answers a prompt, and ends', async () => {
    const { child, ended, until } = start(process.execPath, [command, ...RUN, 'Hello', '--max-tokens', '3', '--json']);
    child.stdin.end();
    const answer = await until(/^}\n/m);
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({
      text: expect.stringMatching(/./) as string,
      timings: { predicted_n: 3 },
      device: 'reference: CPU reference',
    });
    expect(await ended).toBe(0);
  });

  it('in a terminal ends an answer with Ctrl+C, and lives on; with Ctrl+C at the empty prompt it ends', async () => {
    const words = [process.execPath, command, ...RUN, '--max-tokens', '400'].map((word) => `'${word}'`);
    // A terminal of its own, as of somebody who types; without `exec` the shell would die of the signal.
    const line = `exec ${words.join(' ')}`;
    const { child, until, ended } = start('script', ['-qefc', line, '/dev/null']);
    for (const question of ['Hello', 'More']) {
      await until(/> /);
      child.stdin.write(`${question}\r`);
      await until(new RegExp(`${question}\\s+\\S`));
      child.stdin.write('\u0003');
      await until(/Stopped\./);
    }
    await until(/> /);
    child.stdin.write('\u0003');
    expect(await ended).toBe(0);
  });
});
