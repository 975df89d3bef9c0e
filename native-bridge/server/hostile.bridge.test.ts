import { describe, expect, it } from 'vitest';
import { FAKE_SHA256, forever } from '../testing/fake-backend';
import { PAGE, useDaemons, type RunningDaemon } from '../testing/use-daemon';
import { browsed, crossed, shaped, type HostileRequest } from '../testing/hostile-requests';

const start = useDaemons();
/** Sockets at once: as many as a page has, and more. */
const AT_ONCE = 16;

/** Sends each on a socket of its own; gives the first line of what came back. */
async function send(
  { raw }: RunningDaemon,
  requests: readonly HostileRequest[],
): Promise<(readonly [string, string])[]> {
  const results: (readonly [string, string])[] = [];
  const left = [...requests];
  const work = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const answer = await raw(one.text);
      results.push([one.name, answer.split('\r\n')[0] ?? '']);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

/** Those that were answered as if they were right. */
function welcomed(results: readonly (readonly [string, string])[]): unknown[] {
  return results.filter(([, line]) => !/^(HTTP\/1\.1 (4|5)\d\d |$)/.test(line));
}

describe('hostile requests', () => {
  it('reach no handler: hosts × origins × secrets × types, shapes, upgrades and what browsers send', async () => {
    const daemon = await start({ requestMs: 20_000, headersMs: 10_000, checkMs: 100 });
    const target = { port: daemon.port, token: daemon.token, key: daemon.key, page: PAGE };
    const requests = [...crossed(target), ...shaped(target), ...browsed(target)];
    expect(requests.length).toBeGreaterThan(500);
    const results = await send(daemon, requests);
    expect(welcomed(results)).toEqual([]);
    expect(results).toHaveLength(requests.length);
    expect(daemon.backend.asked).toEqual([]);
    const routed = daemon.log.filter(({ event, status }) => event === 'request' && status === 200);
    expect(routed).toEqual([]);
    expect(JSON.stringify(daemon.log)).not.toMatch(new RegExp(`${daemon.token}|${daemon.key}`));
    // A foreign host is told so, whatever else came with it.
    const foreign = results.filter(([name]) => name.includes('evil.example') && name.startsWith('{"host":"evil'));
    expect(foreign.length).toBeGreaterThan(100);
    expect(foreign.filter(([, line]) => !line.startsWith('HTTP/1.1 421 '))).toEqual([]);
  });

  it('do not keep those out that are right', async () => {
    const daemon = await start();
    const body = `{"model":"sha256:${FAKE_SHA256}","messages":[]}`;
    const right = (headers: string): HostileRequest => ({
      name: headers,
      text:
        `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost:${daemon.port}\r\nContent-Type: application/json\r\n` +
        `${headers}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    });
    const requests = [
      right(`Authorization: Bearer ${daemon.key}`),
      right(`authorization: bearer ${daemon.key}`),
      right(`Authorization: Bearer ${daemon.token}\r\nOrigin: ${PAGE}`),
      right(
        `Authorization: Bearer ${daemon.token}\r\nOrigin: ${PAGE}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors`,
      ),
      right(`Authorization: Bearer ${daemon.key}\r\nExpect: 100-continue`),
      right(`Authorization: Bearer ${daemon.key}\r\nAccept: a/b\r\nAccept: c/d`),
    ];
    const results = await send(daemon, requests);
    expect(results.map(([, line]) => line)).toEqual([
      ...Array.from({ length: 4 }, () => 'HTTP/1.1 200 OK'),
      'HTTP/1.1 100 Continue',
      'HTTP/1.1 200 OK',
    ]);
    expect(daemon.backend.asked).toHaveLength(requests.length);
  });

  it('are told that the host is wrong also where they ask for another protocol', async () => {
    const daemon = await start();
    const upgrade = (host: string): Promise<string> =>
      daemon.raw(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    expect(await upgrade('evil.example')).toMatch(/^HTTP\/1\.1 421 /);
    expect(await upgrade(`127.0.0.1:${daemon.port}`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await daemon.raw('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n')).toMatch(/ 421 /);
  });

  it('that follow an unanswered request end the connection, and the first one with it', async () => {
    const daemon = await start();
    daemon.backend.beforeWord = forever;
    const body = '{"stream":true}';
    const one =
      `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nContent-Type: application/json\r\n` +
      `Authorization: Bearer ${daemon.key}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    expect(await daemon.raw(one + one)).toBe('');
    expect(daemon.backend.asked.length).toBeLessThan(2);
    for (const { signal } of daemon.backend.asked) expect(signal.aborted).toBe(true);
  });
});
