import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { mkdtemp, open, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { defined } from '../../src/base/assert';
import { builtCommand } from '../testing/built-command';
import { lives } from '../testing/serve-process';
import { startCommand } from '../testing/start-command';
import { eventually } from '../../test/support/eventually';

/** Longer than a daemon takes that nobody asks anything, on a computer that is busy with everything else. */
const ENDS_MS = 30_000;
let command = '';

beforeAll(async () => {
  command = await builtCommand();
});

/** What a command keeps, and a pipe that is full, both of one test. */
async function setUp(): Promise<{ readonly folder: string; readonly pipe: FileHandle }> {
  const folder = await mkdtemp(join(tmpdir(), 'forgelight-unread-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const pipe = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => pipe.close());
  for (const sizeBytes of [4096, 1]) {
    const bytes = Buffer.alloc(sizeBytes, 'x');
    while ((await pipe.write(bytes).catch(() => null)) !== null); // until it takes no more
  }
  return { folder, pipe };
}

function start(folder: string, args: readonly string[], stderr: number | 'inherit') {
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...process.env, FORGELIGHT_STATE: folder, FORGELIGHT_MODELS: folder },
    stdio: ['ignore', 'pipe', stderr],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, stdout: defined(child.stdout, 'its output'), exit };
}

it('the daemon ends of SIGTERM while nobody reads its log', async () => {
  const { folder, pipe } = await setUp();
  const { child, stdout, exit } = start(folder, ['serve', '--port', '0', '--upstream', 'http://127.0.0.1:1'], pipe.fd);
  await once(stdout, 'data'); // it is ready
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), ENDS_MS);
  expect(await exit).toEqual([0, null]);
  clearTimeout(late);
});

it('the daemon ends of SIGTERM while its terminal stands still', async () => {
  const { folder } = await setUp();
  const words = [process.execPath, command, 'serve', '--port', '0', '--upstream', 'http://127.0.0.1:1'];
  const line = `echo is $$; exec ${words.map((word) => `'${word}'`).join(' ')}`;
  const env = { FORGELIGHT_STATE: folder, FORGELIGHT_MODELS: folder };
  const { child, until } = startCommand('script', ['-qefc', line, '/dev/null'], env);
  const pid = Number(/is (\d+)/.exec(await until(/is \d+\s/))?.[1]);
  onTestFinished(() => {
    if (lives(pid)) process.kill(pid, 'SIGKILL');
  });
  await until(/ready: \S+\s/);
  await new Promise((resolve) => child.stdin.write('\u0013', resolve)); // Ctrl+S
  process.kill(pid, 'SIGTERM');
  await eventually(() => expect(lives(pid)).toBe(false));
});

describe('what a command prints comes out whole, though a pipe holds less', () => {
  it('to whoever asked for it', async () => {
    const { folder } = await setUp();
    const times = { createdAtMs: Date.now(), expiresAtMs: Date.now() + 3_600_000 };
    const grants = Array.from({ length: 8_000 }, (_, index) => {
      const id = index.toString(16).padStart(8, '0');
      return { id, sha256: '0'.repeat(64), ...times, kind: 'native', name: `key ${index}` };
    });
    await writeFile(join(folder, 'access.json'), JSON.stringify({ version: 1, grants }));
    const { stdout, exit } = start(folder, ['pair', '--list'], 'inherit');
    const [said, ended] = await Promise.all([text(stdout), exit]);
    expect([said.match(/\n/g)?.length, said.endsWith('key 7999\n'), ended]).toEqual([8_000, true, [0, null]]);
  });

  it('to whoever reads complaints late', async () => {
    const { folder, pipe } = await setUp();
    const { stdout, exit } = start(folder, ['pair', '--key', 'a'], pipe.fd);
    await once(stdout, 'data'); // the sentence about the key follows
    let said = '';
    const buffer = Buffer.alloc(1 << 16);
    await eventually(async () => {
      const { bytesRead } = await pipe.read(buffer).catch(() => ({ bytesRead: 0 })); // empty for now
      said += buffer.toString('utf8', 0, bytesRead);
      expect(said.replace(/^x+/, '')).toMatch(/^A key for programs .* shown this once\.\n$/);
    });
    expect(await exit).toEqual([0, null]);
  });
});
