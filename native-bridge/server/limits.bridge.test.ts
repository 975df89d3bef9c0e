import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { post } from '../testing/ask-daemon';
import { forever } from '../testing/fake-backend';
import { PAGE, useDaemons } from '../testing/use-daemon';
import { eventually } from '../../test/support/eventually';

const start = useDaemons();
const BODY = { model: 'fake', messages: [{ role: 'user', content: 'Hi' }] };

describe('the limits of the daemon', () => {
  it('limits what runs at once', async () => {
    const daemon = await start({ maxWork: 1 });
    daemon.backend.beforeWord = (index, signal) => (index === 1 ? forever(index, signal) : Promise.resolve());
    const abort = new AbortController();
    await post(daemon, '/v1/chat/completions', { ...BODY, stream: true }, { signal: abort.signal });
    const second = await post(daemon, '/v1/chat/completions', BODY);
    expect([second.status, await second.json()]).toMatchObject([503, { error: { code: 'busy' } }]);
    // What computes nothing is no work.
    const headers = { authorization: `Bearer ${daemon.key}` };
    expect((await fetch(`${daemon.url}/v1/models`, { headers })).status).toBe(200);
    abort.abort();
    daemon.backend.beforeWord = () => Promise.resolve();
    await eventually(async () => expect((await post(daemon, '/v1/chat/completions', BODY)).status).toBe(200));
  });

  it('takes no more connections than it has room for, and no long bodies of those who are not known', async () => {
    const daemon = await start({ maxConnections: 1, maxBodyBytes: 10_000 });
    const first = daemon.socket();
    await once(first, 'connect');
    expect(await daemon.raw('GET /health HTTP/1.1\r\n')).toBe('');
    first.destroy();
    // By sockets: `fetch` may wait for ever for one that was dropped.
    const answered = (path: string, length: string, body: string): Promise<string> => {
      const asker = path.includes('pair') ? `Origin: ${PAGE}` : `Authorization: Bearer ${daemon.key}`;
      const head = `Host: 127.0.0.1:${daemon.port}\r\nConnection: close\r\nContent-Type: application/json`;
      return daemon.raw(`POST ${path} HTTP/1.1\r\n${head}\r\n${asker}\r\n${length}\r\n\r\n${body}`);
    };
    const expectStatus = (status: number, ...request: Parameters<typeof answered>): Promise<void> =>
      eventually(
        // The connection before may still be counted.
        async () => expect((await answered(...request)).slice(0, 13)).toBe(`HTTP/1.1 ${status} `),
      );
    const spaces = ' '.repeat(6_000);
    await expectStatus(413, '/v1/pair/start', 'Content-Length: 6002', `${spaces}{}`);
    await expectStatus(200, '/v1/completions', 'Content-Length: 6002', `${spaces}{}`);
    await expectStatus(413, '/v1/completions', 'Content-Length: 12002', `${spaces}${spaces}{}`);
    // Nor those that do not say how long they will be.
    const chunks = `1770\r\n${spaces}\r\n`.repeat(2);
    await expectStatus(413, '/v1/completions', 'Transfer-Encoding: chunked', `${chunks}2\r\n{}\r\n0\r\n\r\n`);
  });

  it('are told before a body that is too long is sent', async () => {
    const daemon = await start({ maxBodyBytes: 10_000 });
    const head =
      `POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nAuthorization: Bearer ${daemon.key}\r\n` +
      'Content-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\n';
    expect(await daemon.raw(`${head}Content-Length: 10001\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('end the connection of a request whose body nobody will read: it may be another request', async () => {
    const daemon = await start({ idleMs: 60_000 });
    const head = `POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nContent-Type: application/json\r\n`;
    const inside = `GET /v1/hello HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\n\r\n`;
    const socket = daemon.socket();
    socket.write(`${head}Content-Length: ${inside.length}\r\n\r\n`);
    const answer = String((await once(socket, 'data'))[0]);
    expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*\r\nconnection: close\r\n/i);
    expect(answer).toMatch(/\r\nwww-authenticate: Bearer\r\n/i);
    socket.destroy();
  });

  it('are those of headers, too', async () => {
    const daemon = await start({ maxHeaderBytes: 2_000 });
    const ask = (length: number): Promise<string> =>
      daemon.raw(
        `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nConnection: close\r\nX: ${'x'.repeat(length)}\r\n\r\n`,
      );
    expect(await ask(1_000)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask(2_000)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('end a connection that asks nothing more', { timeout: 20_000 }, async () => {
    const daemon = await start({ idleMs: 100, headersMs: 60_000, requestMs: 60_000 });
    expect(await daemon.raw(`GET /health HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\n\r\n`)).toMatch(/ 200 /);
  });
});
