import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock as clock } from '../../src/base/system-clock';
import { parseEngineOptions } from '../../src/protocol/engine-options-schema';
import type { EngineInfo, Result } from '../../src/protocol/engine-port';
import { DEFAULT_HOST_TIMEOUTS } from '../../src/protocol/timeouts';
import { isRunning } from '../testing/processes';
import { RESTART_LIMITS } from './restart-policy';
import { childSpawner } from './spawn-child';
import { Supervisor } from './supervisor';

const SCRIPT = join(import.meta.dirname, '../testing/misbehaving-child.mjs');
const timeouts = { ...DEFAULT_HOST_TIMEOUTS, startMs: 20_000, killMs: 300, stepMs: 20_000 };

interface Watched {
  readonly supervisor: Supervisor;
  readonly loaded: Promise<Result<EngineInfo>>;
  readonly lines: string[];
  readonly log: string[];
  readonly dropped: () => number;
  readonly pids: number[];
}

function start(manner: string, given: Partial<typeof timeouts> = {}): Watched {
  const lines: string[] = [];
  const log: string[] = [];
  const pids: number[] = [];
  let dropped = 0;
  const spawn = childSpawner({
    args: [SCRIPT, manner],
    env: process.env,
    clock,
    onLine: (line) => void lines.push(line),
    onDropped: (count) => void (dropped += count),
    onSpawned: (pid) => void pids.push(pid),
  });
  const supervisor = new Supervisor({
    spawn,
    clock,
    random: () => 0,
    timeouts: { ...timeouts, ...given },
    start: { device: 'reference', modelsFolder: '', stateFolder: '' },
    restarts: { ...RESTART_LIMITS, mostUnready: 1, most: 1 },
    counters: { loads: 0, restarts: 0, requests: 0, tokens: 0 },
    log: (text) => void log.push(text),
  });
  onTestFinished(() => supervisor.close());
  const { load } = parseEngineOptions({ model: `sha256:${'ab'.repeat(32)}` });
  const loaded = supervisor.begin(load, () => undefined);
  return { supervisor, loaded, lines, log, dropped: () => dropped, pids };
}

/** Every process that was started is gone. */
async function expectNobody(pids: readonly number[]): Promise<void> {
  expect(pids.length).toBeGreaterThan(0);
  expect(await Promise.all(pids.map(isRunning))).toEqual(pids.map(() => false));
}

const soon = { timeout: 20_000, interval: 20 };

describe('a process that behaves badly', () => {
  it('is killed when it says nothing after its start, and the load is told', async () => {
    const { loaded, pids } = start('silent', { startMs: 500 });
    expect(await loaded).toMatchObject({ ok: false, error: { code: 'device-lost' } });
    const result = await loaded;
    expect(result.ok ? '' : result.error.message).toContain('it said nothing for 500 ms after its start');
    await expectNobody(pids);
  });

  it('is killed when it minds no SIGTERM, and closing does not take longer', async () => {
    const { supervisor, loaded, pids } = start('stubborn');
    expect(await loaded).toMatchObject({ ok: true });
    const startedAt = performance.now();
    await supervisor.close();
    expect(performance.now() - startedAt).toBeGreaterThan(250);
    expect(performance.now() - startedAt).toBeLessThan(timeouts.stepMs / 2);
    await expectNobody(pids);
  });

  it('is killed when its event loop stands still, whatever it is busy with', async () => {
    const { supervisor, loaded, pids } = start('stuck', { stepMs: 900 });
    expect(await loaded).toMatchObject({ ok: true });
    await vi.waitFor(() => expect(supervisor.error?.message).toContain('it answered nothing for 900 ms'), soon);
    await expectNobody(pids);
  });

  it('is killed when it closes its channel and lives on', async () => {
    const { supervisor, loaded, pids } = start('unreachable');
    expect(await loaded).toMatchObject({ ok: true });
    await vi.waitFor(() => expect(supervisor.error?.code).toBe('device-lost'), soon);
    await expectNobody(pids);
  });

  it('may write without an end: what is heard of it is bounded, the rest is counted, and nobody waits', async () => {
    const { supervisor, loaded, lines, dropped, pids } = start('chatty');
    expect(await loaded).toMatchObject({ ok: true });
    const startedAt = performance.now();
    await vi.waitFor(() => expect(dropped()).toBeGreaterThan(1000), soon);
    const windows = (performance.now() - startedAt) / 100 + 2;
    expect(lines.length).toBeLessThan(windows * 2 * 51);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(4096);
    await supervisor.close();
    await expectNobody(pids);
  });

  it.each(['survived by a child', 'survived by a stranger'])('may be %s who holds its pipes', async (manner) => {
    const { supervisor, loaded, lines, pids } = start(manner);
    expect(await loaded).toMatchObject({ ok: true });
    await vi.waitFor(() => expect(supervisor.error?.message).toContain('it exited with code 7'), soon);
    const left = Number(/^left (\d+)$/.exec(lines[0] ?? '')?.[1]);
    onTestFinished(() => {
      if (manner.endsWith('stranger')) process.kill(left, 'SIGKILL');
    });
    // Who is in its group goes with it; a stranger is nobody's here, and is not waited for.
    await vi.waitFor(async () => expect(await isRunning(left)).toBe(manner.endsWith('stranger')), soon);
    await expectNobody(pids);
  });
});
