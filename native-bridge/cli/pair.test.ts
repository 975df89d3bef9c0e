import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lockState } from '../state/state-lock';
import { writeDaemonFile } from '../state/daemon-file';
import { asDaemon, recordOfDaemon, useCommand } from './testing/run-command';

const { run } = useCommand();

it('keeps every key that is made, also several at once', async () => {
  const names = ['k1', 'k2', 'k3', 'k4'];
  const made = await Promise.all(names.map((name) => run(['pair', '--key', name, '--json'])));
  expect(made.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  const listed = JSON.parse((await run(['pair', '--list', '--json'])).out) as { name: string }[];
  expect(listed.map(({ name }) => name).toSorted()).toEqual(names);
});

it('tells programs as JSON what it has taken back', async () => {
  const { id } = JSON.parse((await run(['pair', '--key', 'k', '--json'])).out) as { id: string };
  const ran = await run(['pair', '--revoke', id, '--json']);
  expect([ran.code, JSON.parse(ran.out)]).toEqual([0, { revoked: id }]);
  const again = await run(['pair', '--revoke', id, '--json']);
  expect([again.code, JSON.parse(again.err)]).toMatchObject([1, { error: { code: 'invalid-request' } }]);
});

it('has a key of the daemon that has begun while it waited, which knows no other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forgelight-pair-'));
  try {
    const { signal } = new AbortController();
    const lock = await lockState(folder, signal);
    const expires_at = '2026-01-01T00:00:00Z';
    const grant = { id: 'x', kind: 'native', name: 'k', scope: 'all', expires_at };
    const asked: string[] = [];
    const fetch = asDaemon((url) => {
      asked.push(url instanceof Request ? url.url : String(url));
      return Promise.resolve(Response.json({ key: 'fl-of-the-daemon', grant }));
    });
    const env = { FORGELIGHT_STATE: folder };
    const made = run(['pair', '--key', 'k'], { env, fetch });
    await writeDaemonFile(folder, await recordOfDaemon());
    lock.release();
    expect(await made).toMatchObject({ code: 0, out: 'fl-of-the-daemon\n' });
    expect(asked).toEqual(['http://127.0.0.1:1/v1/admin/keys']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
