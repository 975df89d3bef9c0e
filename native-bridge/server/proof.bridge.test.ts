import { expect, it } from 'vitest';
import { startOf } from '../../src/store/node-fs/processes';
import { writeDaemonFile } from '../state/daemon-file';
import { eventually } from '../../test/support/eventually';
import { findLiveDaemon } from '../state/live-daemon';
import { ADMIN_KEY, PAGE, useDaemons } from '../testing/use-daemon';

const start = useDaemons();

it('a daemon proves to the command that it knows its key, also while it ends, and to no page', async () => {
  const { daemon, backend, folder, url, port, key } = await start();
  const { pid } = process;
  const record = { pid, started: await startOf(pid), host: '127.0.0.1', port, key: ADMIN_KEY };
  await writeDaemonFile(folder, record);
  expect(await findLiveDaemon(folder, fetch)).toEqual({ status: 'running', record });
  await writeDaemonFile(folder, { ...record, key });
  expect(await findLiveDaemon(folder, fetch)).toMatchObject({ status: 'silent' });

  const read = async (query: string, headers = {}): Promise<number> =>
    (await fetch(`${url}/v1/admin/proof${query}`, { headers })).status;
  expect(await Promise.all(['', '?nonce=', '?nonce=x'].map((query) => read(query)))).toEqual([400, 400, 400]);
  expect(await read('?nonce=x', { origin: 'https://other.example' })).toBe(403);
  expect(await read(`?nonce=${'x'.repeat(43)}`, { origin: PAGE })).toBe(403);

  await writeDaemonFile(folder, record);
  let go = (): void => undefined;
  const told = new Promise<void>((resolve) => (go = resolve));
  backend.beforeWord = () => told;
  const answer = fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{}',
  });
  await eventually(() => expect(backend.asked).toHaveLength(1));
  const stopped = daemon.stop();
  expect(await findLiveDaemon(folder, fetch)).toMatchObject({ status: 'running' });
  go();
  await Promise.all([answer, stopped]);
});
