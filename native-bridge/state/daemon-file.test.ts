import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { lifeOf } from '../../src/store/node-fs/processes';
import { findDaemon, removeDaemonFile, writeDaemonFile, type DaemonRecord } from './daemon-file';

const RECORD: DaemonRecord = { pid: 4_000_000, started: '7', host: '127.0.0.1', port: 8788, key: 'fl-one' };
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-state-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the file of a daemon that runs', () => {
  it('is for nobody else, also when it is written over one that was', async () => {
    const path = join(folder, 'daemon.json');
    await writeFile(path, '{}', { mode: 0o644 });
    await writeDaemonFile(folder, RECORD);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(RECORD);
  });

  it('is stale where its process is gone, and where it is no such file', async () => {
    expect(await findDaemon(folder)).toEqual({ status: 'none' });
    await writeDaemonFile(folder, RECORD);
    const lifeIs = (is: Awaited<ReturnType<typeof lifeOf>>) => () => Promise.resolve(is);
    expect(await findDaemon(folder, lifeIs('gone'))).toEqual({ status: 'stale', record: RECORD });
    const running = { status: 'running', record: RECORD };
    expect(await findDaemon(folder, lifeIs('lives'))).toEqual({ ...running, isCertain: true });
    expect(await findDaemon(folder, lifeIs('unknown'))).toEqual({ ...running, isCertain: false });
    for (const text of [
      '',
      'null',
      JSON.stringify({ ...RECORD, pid: 0 }),
      JSON.stringify({ ...RECORD, port: 65_536 }),
    ]) {
      await writeFile(join(folder, 'daemon.json'), text);
      expect(await findDaemon(folder, lifeIs('lives'))).toEqual({ status: 'stale', record: null });
    }
  });

  it('is taken away by its own daemon alone', async () => {
    await writeDaemonFile(folder, { ...RECORD, key: 'fl-another' });
    await removeDaemonFile(folder, RECORD);
    expect(await findDaemon(folder)).toMatchObject({ status: 'stale' });
    await removeDaemonFile(folder, { ...RECORD, key: 'fl-another' });
    expect(await findDaemon(folder)).toEqual({ status: 'none' });
  });
});
