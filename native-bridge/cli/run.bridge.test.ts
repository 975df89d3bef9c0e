import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCommand } from '../testing/built-command';
import { startCommand } from '../testing/start-command';
import { zooStore, type ZooStore } from '../testing/zoo-store';

const MODEL = 'llama-yarn.gguf';
let zoo: ZooStore;
let command = '';

beforeAll(async () => {
  [zoo, command] = await Promise.all([zooStore(['llama-yarn']), builtCommand()]);
});
afterAll(() => zoo.remove());

const start = (program: string, args: readonly string[]) =>
  startCommand(program, args, {
    FORGELIGHT_MODELS: zoo.modelsFolder,
    FORGELIGHT_STATE: zoo.stateFolder,
    TERM: 'dumb',
  });

const RUN = ['run', MODEL, '--device', 'reference', '--temperature', '0'];

it('whoever reads only the beginning of what a command prints is no failure', async () => {
  const child = spawn(process.execPath, [command, 'help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [said, code] = await Promise.all([
    text(child.stderr),
    once(child, 'exit').then(([status]) => status as unknown),
  ]);
  expect([code, said]).toEqual([0, '']);
});

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
    await until(/> /);
    // Of this it writes until it may not write on.
    child.stdin.write('Rain\r');
    await until(/Rain\s+\S/);
    child.stdin.write('\u0003');
    await until(/Stopped\./);
    await until(/> /);
    child.stdin.write('Hello\r');
    await until(/Hello\s+\S/);
    await until(/\n> $/);
    child.stdin.write('\u0003');
    expect(await ended).toBe(0);
  });

  it('at its prompt ends of SIGTERM', async () => {
    const line = `echo is $$; exec ${[process.execPath, command, ...RUN].map((word) => `'${word}'`).join(' ')}`;
    const { until, ended } = start('script', ['-qefc', line, '/dev/null']);
    const pid = Number(/is (\d+)/.exec(await until(/is \d+\s/))?.[1]);
    await until(/> /);
    process.kill(pid, 'SIGTERM');
    expect(await ended).toBe(143);
  });
});
