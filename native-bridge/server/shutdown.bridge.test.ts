import { describe, expect, it } from 'vitest';
import { FAKE_SHA256, forever } from '../testing/fake-backend';
import { DEFAULT_LIMITS } from './limits';
import { useDaemons, type RunningDaemon } from '../testing/use-daemon';
import { eventually } from '../../test/support/eventually';

const start = useDaemons();

function chat({ url, key }: RunningDaemon): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"stream":true}',
  });
}

describe('the end of the daemon', () => {
  it('takes nothing in, lets answers finish, and says that it is stopping', async () => {
    const daemon = await start();
    let go = (): void => undefined;
    daemon.backend.beforeWord = (index) => (index === 1 ? new Promise((resolve) => (go = resolve)) : Promise.resolve());
    const response = await chat(daemon);
    const stopped = daemon.daemon.stop();
    const health = await fetch(`${daemon.url}/health`);
    expect([health.status, await health.json()]).toEqual([503, { status: 'stopping' }]);
    const late = await chat(daemon);
    expect([late.status, late.headers.get('connection'), await late.json()]).toMatchObject([
      503,
      'close',
      { error: { code: 'closed' } },
    ]);
    go();
    expect((await response.text()).endsWith('data: [DONE]\n\n')).toBe(true);
    await stopped;
    expect([daemon.backend.cancelled, daemon.backend.asked.length]).toEqual([0, 1]);
    await expect(fetch(`${daemon.url}/health`)).rejects.toThrow('fetch failed');
  });

  it('waits for nobody who only listens to news', async () => {
    const daemon = await start();
    const news = await fetch(`${daemon.url}/v1/engine/events?model=sha256:${FAKE_SHA256}`, {
      headers: { authorization: `Bearer ${daemon.key}` },
    });
    const began = performance.now();
    const told = news.text();
    await daemon.daemon.stop();
    expect(performance.now() - began).toBeLessThan(DEFAULT_LIMITS.drainMs / 2);
    expect(await told).toMatch(/^data: \{"type":"state","state":"ready"[^]*"code":"closed"[^\n]+\n\n$/);
  });

  it('waits for no body that is not there yet', async () => {
    const daemon = await start();
    const head =
      `POST /v1/pair/start HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nOrigin: https://page.example\r\n` +
      'Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{';
    const answer = daemon.raw(head);
    await eventually(async () => {
      const headers = { authorization: `Bearer ${daemon.key}` };
      const text = await (await fetch(`${daemon.url}/metrics`, { headers })).text();
      expect(text).toMatch(/requests_live 2$/m); // this question, and the one with half a body
    });
    const began = performance.now();
    await daemon.daemon.stop();
    expect(performance.now() - began).toBeLessThan(DEFAULT_LIMITS.drainMs / 2);
    expect(await answer).toMatch(/^HTTP\/1\.1 503 [^]*connection: close[^]*"code":"closed"/i);
    expect(daemon.pairings).toEqual([]);
  });

  it('tells answers that take longer that it has ended, and does not wait for those who do not listen', async () => {
    const daemon = await start({ drainMs: 100 });
    daemon.backend.beforeWord = (index, signal) => (index === 1 ? forever(index, signal) : Promise.resolve());
    const response = await chat(daemon);
    await daemon.daemon.stop();
    expect(await response.text()).toMatch(/data: \{"error":\{"code":"closed"[^\n]+\n\n$/);
    expect(daemon.backend.cancelled).toBe(1);
  });

  it('comes also where the backend does not hear that it should stop', async () => {
    const daemon = await start({ drainMs: 100 });
    daemon.backend.beforeWord = (index) => (index === 1 ? new Promise(() => undefined) : Promise.resolve());
    const response = await chat(daemon);
    await daemon.daemon.stop();
    expect(await response.text()).toContain('"code":"closed"');
    await eventually(() =>
      expect(daemon.log).toContainEqual(expect.objectContaining({ event: 'drain-over', live: 1 })),
    );
  });
});
