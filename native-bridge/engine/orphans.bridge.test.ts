import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { systemClock as clock } from '../../src/base/system-clock';
import { nodeStorePorts } from '../../src/store/node-fs/node-store';
import { lockName } from '../../src/store/store-names';
import { builtCommand } from '../testing/built-command';
import { inGroups } from '../testing/processes';
import { zooStore, type ZooStore } from '../testing/zoo-store';

const PHASES = ['starting', 'loading bytes', 'ready', 'prefilling', 'decoding', 'restarting'] as const;

let zoo: ZooStore;
beforeAll(async () => {
  zoo = await zooStore(['llama-yarn']);
});
afterAll(() => zoo.remove());

/** Runs a daemon until it says that it is there, and ends it so. Gives the process groups of the engine processes that it had. */
async function endedIn(phase: (typeof PHASES)[number], signal: 'SIGTERM' | 'SIGKILL'): Promise<number[]> {
  const script = join(inject('bundledCommands'), 'mini-daemon.js');
  const daemon = spawn(process.execPath, [script, await builtCommand(), zoo.folder, 'llama-yarn.gguf'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
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
      await vi.waitFor(async () => expect(await inGroups(groups)).toEqual([]), { timeout: 10_000, interval: 50 });
      await expectFree();
    },
  );

  it('takes a process along whose main thread stands still', async () => {
    const script = join(inject('bundledCommands'), 'standing-still.js');
    const code = `require('node:child_process').spawn(process.execPath, [${JSON.stringify(script)}], { detached: true, stdio: 'inherit' })`;
    const parent = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const group = Number(line);
    expect(await inGroups([group])).toEqual([group]);
    parent.kill('SIGKILL');
    await vi.waitFor(async () => expect(await inGroups([group])).toEqual([]), { timeout: 20_000, interval: 50 });
  });
});
