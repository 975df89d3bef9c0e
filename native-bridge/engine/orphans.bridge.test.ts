import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { systemClock as clock } from '../../src/base/system-clock';
import { nodeStorePorts } from '../../src/store/node-fs/node-store';
import { lockName } from '../../src/store/store-names';
import { builtCommand } from '../testing/built-command';
import { inGroups } from '../testing/processes';
import { zooStore, type ZooStore } from '../testing/zoo-store';
import { killGroup } from './spawn-child';
import { eventually } from '../../test/support/eventually';

const PHASES = ['starting', 'loading bytes', 'ready', 'prefilling', 'decoding', 'restarting'] as const;

/** Several begin and end in each wait. */
const PROCESSES = { limitMs: 60_000 };

let zoo: ZooStore;
beforeAll(async () => {
  zoo = await zooStore(['llama-yarn']);
});
afterAll(() => zoo.remove());

async function daemonWords(): Promise<string[]> {
  return [join(inject('bundledCommands'), 'mini-daemon.js'), await builtCommand(), zoo.folder, 'llama-yarn.gguf'];
}

/** Runs a daemon until it says that it is there, and ends it so. Gives the process groups of the engine processes that it had. */
async function endedIn(phase: (typeof PHASES)[number], signal: 'SIGTERM' | 'SIGKILL'): Promise<number[]> {
  const daemon = spawn(process.execPath, await daemonWords(), { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(daemon, 'exit');
  const groups: number[] = [];
  for await (const line of createInterface({ input: daemon.stdout })) {
    const engine = /^engine (\d+)$/.exec(line)?.[1];
    if (engine !== undefined) groups.push(Number(engine));
    // A load may be over before anybody has looked how far it is.
    const isPast = phase === 'loading bytes' && line === 'ready';
    if (phase === 'starting' ? engine !== undefined : line === phase || isPast) daemon.kill(signal);
  }
  expect(await exited).toEqual(signal === 'SIGTERM' ? [0, null] : [null, signal]);
  return groups;
}

/** The number that a file holds. Rejects before it does. */
async function readNumber(path: string): Promise<number> {
  const text = await readFile(path, 'utf8');
  expect(text).toMatch(/^\d+$/);
  return Number(text);
}

/** Nobody has the model any more: it may be deleted. */
async function expectFree(): Promise<void> {
  const { locks } = nodeStorePorts(zoo.modelsFolder, { clock, random: Math.random });
  const lock = await locks.tryAcquire(lockName.blob(zoo.hashes['llama-yarn'] ?? ''), 'exclusive');
  expect(lock).not.toBeNull();
  lock?.release();
  expect((await zoo.store.list()).map(({ state }) => state)).toEqual(['ok']);
}

describe('a daemon that ends', () => {
  it.each(PHASES)('by SIGTERM while %s leaves nobody behind', async (phase) => {
    const groups = await endedIn(phase, 'SIGTERM');
    expect(groups.length).toBeGreaterThan(0);
    expect(await inGroups(groups)).toEqual([]);
    await expectFree();
  });

  it.each(['starting', 'loading bytes', 'decoding', 'restarting'] as const)(
    'by SIGKILL while %s leaves nobody behind',
    async (phase) => {
      const groups = await endedIn(phase, 'SIGKILL');
      expect(groups.length).toBeGreaterThan(0);
      await eventually(async () => expect(await inGroups(groups)).toEqual([]), PROCESSES);
      await expectFree();
    },
  );

  it.each(['an engine process', 'a probe'] as const)('takes %s along whose main thread stands still', async (name) => {
    const stuckFile = join(zoo.folder, name);
    const parent = spawn(
      process.execPath,
      name === 'a probe' ? [await builtCommand(), 'selftest'] : await daemonWords(),
      {
        stdio: 'ignore',
        env: {
          ...process.env,
          FORGELIGHT_STATE: zoo.stateFolder,
          NODE_OPTIONS: `--import=${new URL('../testing/stuck-process.mjs', import.meta.url).href}`,
          STUCK_FILE: stuckFile,
        },
      },
    );
    onTestFinished(() => void parent.kill('SIGKILL'));
    const group = await eventually(() => readNumber(stuckFile), PROCESSES);
    onTestFinished(() => killGroup(group, 'SIGKILL'));
    expect(await inGroups([group])).toEqual([group]);
    parent.kill('SIGKILL');
    await eventually(async () => expect(await inGroups([group])).toEqual([]), PROCESSES);
  });
});
