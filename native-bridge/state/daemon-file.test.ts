import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findDaemon, removeDaemonFile, writeDaemonFile, type DaemonRecord } from './daemon-file';

const RECORD: DaemonRecord = { pid: 4_000_000, host: '127.0.0.1', port: 8788, key: 'fl-one' };
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-state-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

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
    expect(await findDaemon(folder, () => false)).toEqual({ status: 'stale', record: RECORD });
    expect(await findDaemon(folder, (pid) => pid === RECORD.pid)).toEqual({ status: 'running', record: RECORD });
    for (const text of [
      '',
      'null',
      JSON.stringify({ ...RECORD, pid: 0 }),
      JSON.stringify({ ...RECORD, port: 65_536 }),
    ]) {
      await writeFile(join(folder, 'daemon.json'), text);
      expect(await findDaemon(folder, () => true)).toEqual({ status: 'stale', record: null });
    }
  });

  it.each([
    ['ESRCH', 'stale'],
    ['EPERM', 'running'], // another user's
  ])('knows by %s that its process is %s', async (code, status) => {
    await writeDaemonFile(folder, RECORD);
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    expect(await findDaemon(folder)).toMatchObject({ status });
  });

  it('is taken away by its own daemon alone', async () => {
    await writeDaemonFile(folder, { ...RECORD, key: 'fl-another' });
    await removeDaemonFile(folder, RECORD);
    expect(await findDaemon(folder, () => true)).toMatchObject({ status: 'running' });
    await removeDaemonFile(folder, { ...RECORD, key: 'fl-another' });
    expect(await findDaemon(folder, () => true)).toEqual({ status: 'none' });
  });
});
