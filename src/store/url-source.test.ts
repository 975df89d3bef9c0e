import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { ScriptedServer } from '../../test/support/scripted-server';
import type { ByteStream, OpenedModel } from './source';
import { urlSource } from './url-source';

const STALL_MS = 30_000;
const body = Uint8Array.from({ length: 40 }, (_, index) => index * 3 + 1);
const hash = 'A'.repeat(64);

interface Setup {
  readonly server: ScriptedServer;
  readonly clock: FakeClock;
  readonly abort: AbortController;
  open(): Promise<OpenedModel>;
}

function setup(change: Partial<ScriptedServer> = {}, url = 'https://host/dir/my%20model.gguf'): Setup {
  const server = Object.assign(new ScriptedServer(body), change);
  const clock = new FakeClock(10_000);
  const abort = new AbortController();
  const source = urlSource(new URL(url), { clock, random: () => 0.5, stallMs: STALL_MS, fetch: server.fetch });
  return { server, clock, abort, open: () => source.open(abort.signal) };
}

async function drain(stream: ByteStream): Promise<Uint8Array> {
  const bytes: number[] = [];
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) bytes.push(...chunk);
  expect(await stream.read()).toBeNull();
  return Uint8Array.from(bytes);
}

async function load(test: Setup): Promise<Uint8Array> {
  return drain((await test.open()).stream);
}

/** What the promise rejects with; watched from now on. */
function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
}

/** Lets everything happen that needs no clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('urlSource', () => {
  it('reads a file and says what the server says about it', async () => {
    const test = setup({ headers: { 'x-linked-etag': `"${hash}"` } });
    const opened = await test.open();
    expect(opened).toMatchObject({ sizeBytes: 40, sha256: hash.toLowerCase(), fileName: 'my model.gguf' });
    expect(await drain(opened.stream)).toEqual(body);
    expect(test.server.requests[0]?.get('range')).toBeNull();
    expect(test.clock.waiting).toBe(0);
  });

  it.each([`W/"${hash}"`, hash, `"${hash.toLowerCase()}"`])('finds the hash in the etag %s', async (etag) => {
    expect((await setup({ headers: { 'x-linked-etag': etag } }).open()).sha256).toBe(hash.toLowerCase());
  });

  it('takes no other etag for a hash, and knows no size of a compressed body', async () => {
    const opened = await setup({ headers: { 'x-linked-etag': '"abc"', 'content-encoding': 'gzip' } }).open();
    expect(opened).toMatchObject({ sha256: null, sizeBytes: null });
    expect(await setup({ hidden: ['content-length'] }).open()).toMatchObject({ sizeBytes: null });
  });

  it.each(['error', 'end'] as const)('goes on where the connection broke, at each byte (by %s)', async (cutBy) => {
    for (let cut = 0; cut <= body.length; cut += 1) {
      const test = setup({ cutBy });
      test.server.cuts.push(cut);
      expect(await load(test)).toEqual(body);
      const resumed = test.server.requests[1];
      if (cut > 0 && cut < body.length) {
        expect(resumed?.get('range')).toBe(`bytes=${cut}-`);
        expect(resumed?.get('if-range')).toBe('"one"');
      }
      expect(test.server.requests.length).toBe(cut === body.length ? 1 : 2);
    }
  });

  it('goes on at each byte of a file of unknown size', async () => {
    for (let cut = 1; cut <= body.length; cut += 1) {
      const test = setup({ hidden: ['content-length'] });
      test.server.cuts.push(cut);
      expect(await load(test)).toEqual(body);
      expect(test.server.requests.length).toBe(2);
    }
  });

  it('survives a connection that breaks again and again, as long as bytes come', async () => {
    const test = setup({ chunkBytes: 1 });
    for (let cut = 1; cut < body.length; cut += 1) test.server.cuts.push(cut);
    expect(await load(test)).toEqual(body);
    expect(test.server.requests.length).toBe(body.length);
  });

  it('gives up after five failures in a row without a new byte, with growing pauses', async () => {
    const test = setup();
    for (let answer = 0; answer < 9; answer += 1) test.server.cuts.push(7);
    const { stream } = await test.open();
    const failure = {
      code: 'network',
      message: expect.stringMatching(/broke at 7 B, 5 times in a row.*Check the connection/),
    };
    await expect(drain(stream)).rejects.toMatchObject(failure);
    await expect(stream.read()).rejects.toMatchObject(failure);
    expect(test.server.requests.length).toBe(5);
    expect(test.clock.delays.filter((delay) => delay !== STALL_MS)).toEqual([375, 750, 1500, 3000]);
  });

  it('says what to check when the first request finds nobody', async () => {
    const test = setup();
    for (let n = 0; n < 5; n += 1) test.server.replies.set(n, () => Promise.reject(new TypeError('Failed to fetch')));
    await expect(test.open()).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/address.*CORS/),
    });
  });
});

describe('a download that an earlier one began', () => {
  const identity = { sizeBytes: 40, etag: '"one"', lastModified: null, sha256: null };
  const from = (test: Setup, position: number): Promise<OpenedModel> =>
    urlSource(new URL('https://host/model.gguf'), {
      clock: test.clock,
      random: () => 0.5,
      stallMs: STALL_MS,
      fetch: test.server.fetch,
    }).open(test.abort.signal, { position, identity });

  it('goes on at each byte, and asks for nothing when all are there', async () => {
    for (let position = 1; position <= body.length; position += 1) {
      const test = setup();
      const opened = await from(test, position);
      expect(opened).toMatchObject({ startsAt: position, sizeBytes: 40 });
      expect(opened).not.toHaveProperty('restarted');
      expect(await drain(opened.stream)).toEqual(body.slice(position));
      expect(test.server.requests.map((request) => request.get('if-range'))).toEqual(position < 40 ? ['"one"'] : []);
    }
  });

  it.each([
    ['it changed', { etag: '"two"' }, 'changed'],
    ['it is shorter now', { body: body.slice(0, 9), etag: '"two"' }, 'changed'],
    ['it is shorter now, and nobody says so', { body: body.slice(0, 9), etag: null }, 'changed'],
    ['its server has no ranges', { ranges: false }, 'no-ranges'],
  ] as const)('begins again when %s, and then survives a break', async (_name, change, restarted) => {
    const test = setup(change);
    test.server.cuts.push(4);
    if (restarted === 'no-ranges') test.server.cuts.length = 0;
    const opened = await from(test, 10);
    expect(opened).toMatchObject({ startsAt: 0, restarted });
    expect(await drain(opened.stream)).toEqual(test.server.body);
  });

  it('begins again when another part comes than the one asked for', async () => {
    const test = setup();
    const headers = { 'content-range': 'bytes 5-39/40', etag: '"one"' };
    test.server.replies.set(0, () => new Response(body.slice(5), { status: 206, headers }));
    const opened = await from(test, 10);
    expect(opened).toMatchObject({ startsAt: 0, restarted: 'no-ranges' });
    expect(await drain(opened.stream)).toEqual(body);
  });
});

describe('a file that changed', () => {
  it.each([
    ['another etag', { etag: '"two"' }],
    ['another etag, ranges ignoring it', { etag: 'W/"two"' }],
    ['another size', { body: body.slice(1) }],
    ['a smaller size than what came', { body: body.slice(0, 5) }],
  ])('is refused by %s', async (_name, change) => {
    const test = setup();
    test.server.cuts.push(20);
    const { stream } = await test.open();
    Object.assign(test.server, change);
    await expect(drain(stream)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/changed on the server/),
    });
  });

  it('is refused before the first byte too', async () => {
    const test = setup();
    test.server.cuts.push(0);
    const { stream } = await test.open();
    test.server.etag = '"two"';
    await expect(drain(stream)).rejects.toThrow(/changed on the server/);
  });

  it('is not assumed for a weak etag, which If-Range does not take', async () => {
    const test = setup({ etag: 'W/"one"' });
    test.server.cuts.push(20);
    expect(await load(test)).toEqual(body);
    expect(test.server.requests[1]?.get('range')).toBe('bytes=20-');
    expect(test.server.requests[1]?.get('if-range')).toBeNull();
  });

  it('is not assumed for an etag that only became weak', async () => {
    const test = setup();
    test.server.cuts.push(20);
    const { stream } = await test.open();
    test.server.etag = 'W/"one"';
    await expect(drain(stream)).rejects.toMatchObject({ code: 'range-unsupported' });
  });

  it('is told by its date where there is no etag', async () => {
    const test = setup({ etag: null, lastModified: 'Sun, 22 Nov 2026 04:00:00 GMT' });
    test.server.cuts.push(20);
    expect(await load(test)).toEqual(body);
    expect(test.server.requests[1]?.get('if-range')).toBe('Sun, 22 Nov 2026 04:00:00 GMT');
  });
});

describe('servers that cannot continue', () => {
  it.each([
    ['without ranges', { ranges: false }],
    ['that compress', { headers: { 'content-encoding': 'gzip' } }],
  ])('%s are named', async (_name, change) => {
    const test = setup(change);
    test.server.cuts.push(20);
    const message = expect.stringMatching(/broke off at 20 B.*no range requests/);
    await expect(load(test)).rejects.toMatchObject({ code: 'range-unsupported', message });
  });

  it('that send another part are named', async () => {
    const test = setup();
    test.server.cuts.push(20);
    const headers = { 'content-range': 'bytes 0-39/40', etag: '"one"' };
    test.server.replies.set(1, () => new Response(body, { status: 206, headers }));
    await expect(load(test)).rejects.toMatchObject({ code: 'range-unsupported' });
  });

  it('are not assumed when CORS hides the range, which the length proves', async () => {
    const test = setup({ hidden: ['content-range', 'etag'] });
    test.server.cuts.push(20);
    expect(await load(test)).toEqual(body);
  });

  it('are not assumed when If-Range fails in a preflight: the ETag of the answer is compared', async () => {
    const test = setup();
    test.server.cuts.push(20);
    test.server.replies.set(1, () => Promise.reject(new TypeError('preflight')));
    expect(await load(test)).toEqual(body);
    expect(test.server.requests.map((request) => request.get('if-range'))).toEqual([null, '"one"', null]);
  });

  it('that send too much are refused', async () => {
    const headers = { 'content-length': '10' };
    const test = setup();
    test.server.replies.set(0, () => new Response(body.slice(), { headers }));
    await expect(load(test)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/more than the 10 bytes/),
    });
  });
});

describe('HTTP statuses', () => {
  const answering = (status: number, headers: Record<string, string> = {}): Setup => {
    const test = setup();
    test.server.replies.set(0, () => new Response('sorry', { status, headers }));
    return test;
  };

  it.each([
    [404, /answered 404.*no such file.*owner, repository and file name/],
    [401, /private or gated.*accept the licence.*hubToken/],
    [403, /private or gated/],
    [418, /answered 418.*Check the address/],
  ])('%d says what to do, at once', async (status, message) => {
    const test = answering(status);
    await expect(test.open()).rejects.toMatchObject({ code: 'network', message: expect.stringMatching(message) });
    expect(test.server.requests.length).toBe(1);
    expect(test.server.signals[0]?.aborted).toBe(true);
  });

  it.each([429, 500, 502, 503])('%d is tried again', async (status) => {
    const test = answering(status);
    expect(await load(test)).toEqual(body);
    expect(test.server.requests.length).toBe(2);
  });

  it('503 in the middle is tried again too', async () => {
    const test = setup();
    test.server.cuts.push(20);
    test.server.replies.set(1, () => new Response(null, { status: 503 }));
    expect(await load(test)).toEqual(body);
  });

  it('honours Retry-After in seconds and as a date by the server’s clock', async () => {
    for (const headers of [
      { 'retry-after': '7' },
      { 'retry-after': 'Sun, 22 Nov 2026 04:00:07 GMT', date: 'Sun, 22 Nov 2026 04:00:00 GMT' },
    ]) {
      const test = answering(503, headers);
      expect(await load(test)).toEqual(body);
      expect(test.clock.delays).toContain(7000);
    }
  });

  it('does not wait for minutes', async () => {
    const test = answering(429, { 'retry-after': '3600' });
    await expect(test.open()).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/asks to wait 3600 s/),
    });
  });
});

describe('silence', () => {
  it('before the answer ends with timeout', async () => {
    const test = setup();
    test.server.replies.set(0, () => new Promise(() => undefined));
    const rejection = rejectionOf(test.open());
    await settle();
    test.clock.advance(STALL_MS);
    expect(await rejection).toMatchObject({ code: 'timeout', message: expect.stringMatching(/for 30 s/) });
    expect(test.server.signals[0]?.aborted).toBe(true);
  });

  it('between chunks ends with timeout, and only when it lasts', async () => {
    const test = setup({ cutBy: 'silence' });
    test.server.cuts.push(6);
    const { stream } = await test.open();
    await stream.read();
    test.clock.advance(STALL_MS * 3); // nobody was waiting
    await stream.read();
    let settled = false;
    const rejection = rejectionOf(stream.read().finally(() => (settled = true)));
    await settle();
    test.clock.advance(STALL_MS - 1);
    await settle();
    expect(settled).toBe(false);
    test.clock.advance(1);
    expect(await rejection).toMatchObject({ code: 'timeout' });
    expect(test.clock.waiting).toBe(0);
  });
});

describe('aborting', () => {
  const reason = new DOMException('enough', 'AbortError');

  it('rejects with the reason before the request', async () => {
    const test = setup();
    test.abort.abort(reason);
    await expect(test.open()).rejects.toBe(reason);
    expect(test.server.requests.length).toBe(0);
  });

  it('rejects with the reason while connecting', async () => {
    const test = setup();
    test.server.replies.set(0, () => new Promise(() => undefined));
    const rejection = rejectionOf(test.open());
    await settle();
    test.abort.abort(reason);
    expect(await rejection).toBe(reason);
    expect(test.clock.waiting).toBe(0);
  });

  it.each(['signal', 'cancel'])('rejects with the reason while reading (by %s)', async (by) => {
    const test = setup({ cutBy: 'silence' });
    test.server.cuts.push(3);
    const { stream } = await test.open();
    await stream.read();
    const rejection = rejectionOf(stream.read());
    await settle();
    if (by === 'signal') test.abort.abort(reason);
    else await stream.cancel(reason);
    expect(await rejection).toBe(reason);
    await expect(stream.read()).rejects.toBe(reason);
    expect(test.server.signals[0]?.aborted).toBe(true);
    expect(test.server.requests.length).toBe(1);
    expect(test.clock.waiting).toBe(0);
  });

  it('rejects with the reason in a pause between attempts', async () => {
    const server = new ScriptedServer(body);
    server.replies.set(0, () => new Response(null, { status: 503, headers: { 'retry-after': '50' } }));
    const clock = new FakeClock();
    const abort = new AbortController();
    const options = { clock, random: () => 0, stallMs: STALL_MS, fetch: server.fetch };
    const rejection = rejectionOf(urlSource(new URL('https://host/x.gguf'), options).open(abort.signal));
    await settle();
    expect(clock.delays.at(-1)).toBe(50_000);
    abort.abort(reason);
    expect(await rejection).toBe(reason);
    expect(clock.waiting).toBe(0);
  });
});
