import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { asDaemon, recordOfDaemon } from '../cli/testing/run-command';
import { writeDaemonFile } from './daemon-file';
import { findLiveDaemon } from './live-daemon';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-live-'));
});
afterEach(() => rm(folder, { recursive: true }));

const nobody: typeof fetch = () => Promise.reject(new TypeError('fetch failed'));

it('where the system does not tell when a process began, the proof alone tells whether it is the daemon', async () => {
  const record = { ...(await recordOfDaemon()), started: '0' };
  await writeDaemonFile(folder, record);
  expect(await findLiveDaemon(folder, asDaemon(nobody))).toEqual({ status: 'running', record });
  expect(await findLiveDaemon(folder, nobody)).toEqual({ status: 'none' });
});

it('a proof of another key, or of another time, is none', async () => {
  const record = await recordOfDaemon();
  const heard: string[] = [];
  let said = '';
  const listen: typeof fetch = async (url, init) => {
    heard.push(url instanceof Request ? url.url : String(url));
    const answer = await asDaemon(nobody)(url, init);
    said = await answer.clone().text();
    return answer;
  };
  await writeDaemonFile(folder, record);
  expect(await findLiveDaemon(folder, listen)).toMatchObject({ status: 'running' });
  expect(await findLiveDaemon(folder, () => Promise.resolve(new Response(said)))).toMatchObject({ status: 'silent' });
  await writeDaemonFile(folder, { ...record, key: 'fl-another' });
  expect(await findLiveDaemon(folder, listen)).toMatchObject({ status: 'silent' });
  expect(heard[0]).not.toBe(heard[1]);
});
