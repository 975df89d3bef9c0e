import { expect, it } from 'vitest';
import { askDaemon, daemonUrl } from './ask-daemon';

const RECORD = { pid: 7, started: '1', host: '127.0.0.1', port: 8788, key: 'fl-key' };
const call = { method: 'POST', path: '/v1/admin/unload', body: {}, signal: new AbortController().signal } as const;

it.each([
  ['127.0.0.1', 'http://127.0.0.1:8788'],
  ['box.local', 'http://box.local:8788'],
  ['::1', 'http://[::1]:8788'],
  ['0.0.0.0', 'http://127.0.0.1:8788'], // every address of this computer is none to call
  ['::', 'http://127.0.0.1:8788'],
])('a daemon that listens on %s is called at %s', (host, url) => {
  expect(daemonUrl({ host, port: 8788 })).toBe(url);
});

it('a running daemon is asked with its key, which nobody else is sent to', async () => {
  const asked: RequestInit[] = [];
  const answer = await askDaemon(RECORD, call, (_url, init = {}) => {
    asked.push(init);
    return Promise.resolve(Response.json({ unloaded: true }));
  });
  expect(answer).toEqual({ unloaded: true });
  expect(asked).toMatchObject([{ method: 'POST', body: '{}', redirect: 'manual' }]);
  expect(new Headers(asked[0]?.headers).get('authorization')).toBe('Bearer fl-key');
});
