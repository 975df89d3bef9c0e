import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAKE_DEVICE, FAKE_SHA256, forever, busyError } from '../testing/fake-backend';
import { eventsOf, post } from '../testing/ask-daemon';
import { ADMIN_KEY, PAGE, useDaemons } from '../testing/use-daemon';
import { eventually } from '../../test/support/eventually';

const start = useDaemons();
const BODY = { model: 'fake', messages: [{ role: 'user', content: 'Hi' }] };

describe('the daemon over a fake backend', () => {
  it('says how it is, to nobody who only shows what it says', async () => {
    const daemon = await start();
    const hello = await fetch(`${daemon.url}/v1/hello`);
    expect(hello.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    // Whatever keeps answers gives that of a page to no other.
    expect(hello.headers.get('vary')).toBe('origin');
    const health = async (): Promise<unknown> => {
      const response = await fetch(`${daemon.url}/health`);
      return [response.status, await response.json()];
    };
    expect(await health()).toEqual([200, { status: 'ok' }]);
    daemon.backend.current = { status: 'loading', model: 'm', loaded: 1, total: 2 };
    expect(await health()).toEqual([503, { status: 'loading' }]);
    daemon.backend.current = { status: 'restarting', model: 'm', attempt: 1 };
    expect(await health()).toEqual([503, { status: 'restarting' }]);
    daemon.backend.current = { status: 'idle' };
    expect(await health()).toEqual([200, { status: 'ok' }]);
    // The next request may name a model that is sound.
    daemon.backend.current = { status: 'failed', error: { code: 'bad-gguf', message: 'It is no model.' } };
    expect(await health()).toEqual([200, { status: 'ok', failed: 'bad-gguf' }]);
  });

  it('refuses a request that names no host, before anything else', async () => {
    const daemon = await start();
    for (const version of ['1.0', '1.1']) {
      expect(await daemon.raw(`GET /health HTTP/${version}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 421 /);
    }
  });

  it('answers as OpenAI does, and names the device in header and answer', async () => {
    const daemon = await start();
    const response = await post(daemon, '/v1/chat/completions', BODY);
    expect([response.status, response.headers.get('x-forgelight-device')]).toEqual([200, FAKE_DEVICE]);
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      device: FAKE_DEVICE,
      choices: [{ message: { content: 'The cat sat.' } }],
    });
    expect(daemon.backend.asked).toMatchObject([{ call: 'chat', body: BODY, asks: 'native' }]);
    const completion = await post(daemon, '/v1/completions', { prompt: 'The' });
    expect(await completion.json()).toMatchObject({ object: 'text_completion', device: FAKE_DEVICE });
    const embeddings = await post(daemon, '/v1/embeddings', { input: 'x' });
    expect(await embeddings.json()).toMatchObject({ data: [{ embedding: [0.5, -0.5] }], device: FAKE_DEVICE });
    const models = await fetch(`${daemon.url}/v1/models`, { headers: { authorization: `Bearer ${daemon.key}` } });
    expect(await models.json()).toMatchObject({ object: 'list', data: [{ id: 'fake.gguf', object: 'model' }] });
  });

  it('names the device that an answer names, whatever answers by now', async () => {
    const daemon = await start();
    daemon.backend.current = { status: 'restarting', model: 'fake', attempt: 1 };
    for (const stream of [true, false]) {
      const response = await post(daemon, '/v1/chat/completions', { ...BODY, stream });
      expect(response.headers.get('x-forgelight-device')).toBe(FAKE_DEVICE);
      expect(await response.text()).toContain(`"device":"${FAKE_DEVICE}"`);
    }
  });

  it('streams chunks, [DONE] last', async () => {
    const daemon = await start();
    const response = await post(daemon, '/v1/chat/completions', { ...BODY, stream: true });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-forgelight-device')).toBe(FAKE_DEVICE);
    const events = await eventsOf(response);
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events
      .slice(0, -1)
      .map((text) => JSON.parse(text) as { device: string; choices: { delta: { content: string } }[] });
    expect(chunks.map(({ choices }) => choices[0]?.delta.content).join('')).toBe('The cat sat.');
    expect(new Set(chunks.map(({ device }) => device))).toEqual(new Set([FAKE_DEVICE]));
  });

  it('gives failures a status before a stream begins, and a last event after', async () => {
    const daemon = await start();
    daemon.backend.beforeWord = (index) => (index === 0 ? Promise.reject(busyError()) : Promise.resolve());
    const early = await post(daemon, '/v1/chat/completions', { ...BODY, stream: true });
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await early.json()).toEqual({
      error: { code: 'busy', message: 'Eight requests run.', type: 'server_error', param: null },
    });
    daemon.backend.beforeWord = (index) => (index === 2 ? Promise.reject(busyError()) : Promise.resolve());
    const late = await post(daemon, '/v1/chat/completions', { ...BODY, stream: true });
    expect(late.status).toBe(200);
    const events = await eventsOf(late);
    expect(events).toHaveLength(3);
    expect(JSON.parse(events[2] ?? '')).toMatchObject({ error: { code: 'busy' } });
  });

  it('tells nobody what nobody foresaw', async () => {
    const daemon = await start();
    daemon.backend.failure = new Error('/secret/path is broken');
    const response = await post(daemon, '/v1/chat/completions', BODY);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    await eventually(() =>
      expect(daemon.log).toContainEqual(
        expect.objectContaining({ level: 'error', failure: expect.stringContaining('/secret/path') }),
      ),
    );
  });

  it('says that it lives while an answer is long in coming', async () => {
    const daemon = await start({ keepAliveMs: 20 });
    let go = (): void => undefined;
    daemon.backend.beforeWord = (index) => (index === 1 ? new Promise((resolve) => (go = resolve)) : Promise.resolve());
    const response = await post(daemon, '/v1/chat/completions', { ...BODY, stream: true });
    let text = '';
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes).toString();
      if (text.includes(': waiting\n\n: waiting\n\n')) go();
    }
    expect(text).toMatch(/^data: \{[^\n]+\n\n(: waiting\n\n)+data: /);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('ends the request of a client that goes away', async () => {
    const daemon = await start();
    daemon.backend.beforeWord = (index, signal) => (index === 1 ? forever(index, signal) : Promise.resolve());
    const abort = new AbortController();
    const response = await post(daemon, '/v1/chat/completions', { ...BODY, stream: true }, { signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    await eventually(() => expect(daemon.backend.cancelled).toBe(1));
    expect(daemon.backend.asked[0]?.signal.aborted).toBe(true);
  });

  it('says which call there is, and what is wrong with a body', async () => {
    const daemon = await start();
    const auth = { authorization: `Bearer ${daemon.key}` };
    expect((await fetch(`${daemon.url}/v1/nothing`, { headers: auth })).status).toBe(404);
    const wrong = await fetch(`${daemon.url}/v1/chat/completions`, { headers: auth });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await (await post(daemon, '/v1/models/fake.gguf', {})).text()).toContain('This is called with GET.');
    expect((await post(daemon, '/v1/chat/completions', [1])).status).toBe(400);
    const broken = await daemon.raw(
      `POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nAuthorization: Bearer ${daemon.key}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{"a',
    );
    expect(broken).toMatch(/^HTTP\/1\.1 400 [^]*The body is no JSON/);
    expect(daemon.backend.asked).toEqual([]);
  });

  it('counts for Prometheus, and administers for the command alone', async () => {
    const daemon = await start();
    await post(daemon, '/v1/chat/completions', BODY);
    const get = (path: string, key: string): Promise<Response> =>
      fetch(daemon.url + path, { headers: { authorization: `Bearer ${key}` } });
    const metrics = await (await get('/metrics', daemon.key)).text();
    expect(metrics).toContain('forgelight_requests_total{route="POST /v1/chat/completions",status="200"} 1\n');
    expect(metrics).toContain('\nforgelight_engine_restarts_total 2\n');
    const open = async (): Promise<number> => {
      const text = await (await get('/metrics', daemon.key)).text();
      return Number(/^forgelight_connections (\d+)$/m.exec(text)?.[1]);
    };
    const before = await open();
    expect(before).toBeGreaterThan(0);
    const sockets = [daemon.socket(), daemon.socket()];
    await eventually(async () => expect(await open()).toBeGreaterThanOrEqual(before + 2));
    for (const socket of sockets) socket.destroy();
    await eventually(async () => expect(await open()).toBeLessThan(before + 2));
    expect((await get('/v1/admin/ps', daemon.key)).status).toBe(403);
    expect(await (await get('/v1/admin/ps', ADMIN_KEY)).json()).toMatchObject({ backend: 'engine', requests: 0 });
  });

  it('outlives a connection that the system cannot give it', async () => {
    const daemon = await start();
    daemon.daemon['server'].emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    const entry = { level: 'error', event: 'server-error', message: 'accept EMFILE' };
    expect(daemon.log).toContainEqual(entry);
    expect((await fetch(`${daemon.url}/health`)).status).toBe(200);
  });

  it('serves the chat page with its policy, and nothing outside of it', async () => {
    const daemon = await start();
    expect(await (await fetch(daemon.url)).text()).toContain('npm run build');
    await mkdir(join(daemon.folder, 'page/assets'), { recursive: true });
    await writeFile(join(daemon.folder, 'page/index.html'), '<title>page</title>');
    await writeFile(join(daemon.folder, 'page/assets/a.js'), 'a()');
    const page = await fetch(`${daemon.url}/?model=x`);
    expect([page.headers.get('content-type'), await page.text()]).toEqual([
      'text/html; charset=utf-8',
      '<title>page</title>',
    ]);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval'; ");
    const etag = page.headers.get('etag') ?? '';
    expect((await fetch(daemon.url, { headers: { 'if-none-match': etag } })).status).toBe(304);
    const head = await fetch(`${daemon.url}/assets/a.js`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), head.headers.get('content-type')]).toEqual([
      200,
      '3',
      'text/javascript; charset=utf-8',
    ]);
    for (const path of [
      '/..%2faccess.json',
      '/%2e%2e/access.json',
      '/assets',
      '/.x',
      '/assets/..%5c..%5caccess.json',
      '/%zz',
      '//x',
    ]) {
      const answer = await daemon.raw(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nConnection: close\r\n\r\n`,
      );
      expect([path, answer.slice(9, 12)]).toEqual([path, /%zz|\/\/x/.test(path) ? '400' : '404']);
    }
  });
});

describe('pairing', () => {
  const from = (origin: string): Record<string, string> => ({
    origin,
    'content-type': 'application/json',
    'sec-fetch-mode': 'cors',
  });
  const call = (url: string, path: string, origin: string, body: unknown): Promise<Response> =>
    fetch(url + path, { method: 'POST', headers: from(origin), body: JSON.stringify(body) });

  it('gives a page its token for the code that the terminal shows, good for its origin alone', async () => {
    const daemon = await start();
    const origin = 'https://chat.example';
    const hello = async (token: string): Promise<unknown> =>
      (
        await fetch(`${daemon.url}/v1/hello`, { headers: { ...from(origin), authorization: `Bearer ${token}` } })
      ).json();
    expect(await hello('x')).toEqual({ service: 'forgelight', version: '0.0.0', protocol: 1, paired: false });
    const started = await call(daemon.url, '/v1/pair/start', origin, {});
    expect([started.status, started.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    const { pairing_id } = (await started.json()) as { pairing_id: string };
    const pairings = await fetch(`${daemon.url}/v1/admin/pairings`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    const { pending } = (await pairings.json()) as { pending: { code: string; origin: string }[] };
    expect(pending).toMatchObject([{ origin, code: daemon.pairings[0]?.code }]);
    const code = pending[0]?.code ?? '';
    const wrong = await call(daemon.url, '/v1/pair/finish', origin, {
      pairing_id,
      code: code === '000-000' ? '1' : '000-000',
    });
    expect([wrong.status, await wrong.json()]).toMatchObject([
      403,
      { error: { code: 'bridge-denied', param: 'code' } },
    ]);
    const finished = await call(daemon.url, '/v1/pair/finish', origin, { pairing_id, code });
    const { token, scope } = (await finished.json()) as { token: string; scope: string };
    expect([token, scope]).toEqual([expect.stringMatching(/^[\w-]{43}$/), 'answers']);
    expect(await hello(token)).toMatchObject({ paired: true, device: FAKE_DEVICE });
    const get = (path: string, page: string): Promise<Response> =>
      fetch(`${daemon.url}${path}`, { headers: { ...from(page), authorization: `Bearer ${token}` } });
    const listed = (await (await get('/v1/models', origin)).json()) as { data: { id: string }[] };
    expect(listed.data[0]?.id).toBe(`sha256:${FAKE_SHA256}`);
    expect([(await get('/v1/models', PAGE)).status, (await get('/metrics', origin)).status]).toEqual([401, 403]);
  });

  it('takes a token back from the page that has it, and no other in its place', async () => {
    const daemon = await start();
    const other = 'https://other.example';
    const { secret: others } = await daemon.book.issueToken(other);
    const count = (): number => daemon.book.list().length;
    const othersId = daemon.book.list().at(-1)?.id ?? '';
    const revoke = async (secret: string, origin: string, more: Partial<RequestInit> = {}): Promise<number> => {
      const headers = { ...from(origin), authorization: `Bearer ${secret}` };
      const { status } = await fetch(`${daemon.url}/v1/pair/revoke`, { method: 'POST', headers, body: '{}', ...more });
      return status;
    };
    const hostile = [
      await revoke(others, PAGE), // a stolen token
      await revoke(daemon.token, 'https://evil.example'),
      await revoke(daemon.token, PAGE, { body: JSON.stringify({ id: othersId }) }),
      await revoke(daemon.token, PAGE, { body: JSON.stringify({ token: others }) }),
      await revoke(`${daemon.token}x`, PAGE),
      await revoke(daemon.key, PAGE),
      await revoke(daemon.token, 'null'),
      (await call(daemon.url, '/v1/pair/revoke', PAGE, {})).status,
      (await post(daemon, '/v1/pair/revoke', {})).status, // a key of a program, which is no page
      (await post({ ...daemon, key: daemon.token }, '/v1/pair/revoke', {})).status,
      (await fetch(`${daemon.url}/v1/pair/revoke`, { headers: { authorization: `Bearer ${daemon.token}` } })).status,
    ];
    expect([hostile, count()]).toEqual([[401, 401, 400, 400, 401, 401, 403, 401, 403, 401, 405], 3]);
    expect([await revoke(daemon.token, PAGE), count()]).toEqual([200, 2]);
    expect([await revoke(daemon.token, PAGE), daemon.book.find(daemon.token)]).toEqual([401, null]);
    expect([daemon.book.find(others)?.id, daemon.book.isPaired(PAGE)]).toEqual([othersId, false]);
  });

  it('answers the browser before its first call, for pages that may ask and no others', async () => {
    const { url } = await start();
    const ask = (path: string, origin: string): Promise<Response> =>
      fetch(url + path, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,x-stainless-os,x-evil',
          'access-control-request-private-network': 'true',
          'access-control-request-local-network': 'true',
        },
      });
    const right = await ask('/v1/chat/completions', PAGE);
    expect([right.status, Object.fromEntries(right.headers)]).toMatchObject([
      204,
      {
        'access-control-allow-origin': PAGE,
        'access-control-allow-headers': 'authorization, content-type, x-stainless-os',
        'access-control-allow-private-network': 'true',
        'access-control-allow-local-network': 'true',
        vary: 'origin',
      },
    ]);
    const stranger = await ask('/v1/chat/completions', 'https://other.example');
    expect([stranger.status, stranger.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    expect((await ask('/v1/hello', 'https://other.example')).status).toBe(204);
    expect((await ask('/v1/hello', 'http://other.example')).status).toBe(403);
  });

  it('ends the streams of a token that is taken back', async () => {
    const daemon = await start();
    daemon.backend.beforeWord = (index, signal) => (index === 1 ? forever(index, signal) : Promise.resolve());
    const response = await post(
      { ...daemon, key: daemon.token },
      '/v1/chat/completions',
      { ...BODY, model: `sha256:${FAKE_SHA256}`, stream: true },
      { headers: from(PAGE) },
    );
    const id = daemon.book.list().find(({ kind }) => kind === 'page')?.id;
    const revoked = await post({ ...daemon, key: ADMIN_KEY }, '/v1/admin/revoke', { id });
    expect(await revoked.json()).toEqual({ revoked: true });
    const events = await eventsOf(response);
    expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ error: { code: 'not-paired' } });
    expect(daemon.backend.cancelled).toBe(1);
    const next = await post({ ...daemon, key: daemon.token }, '/v1/chat/completions', BODY, { headers: from(PAGE) });
    expect(next.status).toBe(403); // its origin is no longer known
  });
});
