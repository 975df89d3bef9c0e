import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { ScriptedServer } from '../../test/support/scripted-server';
import type { ByteStream, OpenedModel } from './source';
import { urlSource } from './url-source';

const body = Uint8Array.from({ length: 40 }, (_, index) => index * 3 + 1);

interface Setup {
  readonly server: ScriptedServer;
  open(): Promise<OpenedModel>;
}

/** A server, and a source of its file that begins with four bytes. Pauses pass at once. */
function setup(change: Partial<ScriptedServer> = {}): Setup {
  const server = Object.assign(new ScriptedServer(body), change);
  const options = { clock: new FakeClock(10_000), random: () => 0.5, stallMs: 30_000, fetch: server.fetch };
  const source = urlSource(new URL('https://host/model.gguf'), { ...options, firstBytes: 4 });
  return { server, open: () => source.open(new AbortController().signal) };
}

async function drain(stream: ByteStream): Promise<Uint8Array> {
  const bytes: number[] = [];
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) bytes.push(...chunk);
  return Uint8Array.from(bytes);
}

describe('a file of which only the beginning is wanted', () => {
  /** Reads up to `bytes`, and leaves the rest. */
  const begin = async (test: Setup, bytes: number): Promise<OpenedModel> => {
    const opened = await test.open();
    for (let left = bytes; left > 0; left -= (await opened.stream.read())?.length ?? left);
    await opened.stream.cancel(new DOMException('enough', 'AbortError'));
    return opened;
  };
  const ranges = ({ server }: Setup): readonly (string | null)[] => server.requests.map((one) => one.get('range'));

  it('is asked for in growing ranges, as far as it is read', async () => {
    const test = setup({ chunkBytes: 2 });
    expect(await begin(test, 10)).toMatchObject({ sizeBytes: 40, startsAt: 0 });
    expect(ranges(test)).toEqual(['bytes=0-3', 'bytes=4-11']);
    expect(test.server.sentBytes).toBeLessThanOrEqual(12);
    expect(test.server.requests.map((one) => one.get('if-range'))).toEqual([null, null]);
  });

  it('is whole when it is read to its end, also where a range ends with it', async () => {
    for (const length of [0, 1, 3, 4, 5, 12, 13, 28, 40]) {
      const test = setup({ body: body.slice(0, length) });
      expect(await drain((await test.open()).stream)).toEqual(body.slice(0, length));
    }
  });

  it('goes on where a range broke, at each byte', async () => {
    for (let cut = 0; cut <= 12; cut += 1) {
      const test = setup();
      test.server.cuts.push(...(cut <= 4 ? [cut] : [40, cut]));
      expect(await drain((await test.open()).stream)).toEqual(body);
    }
  });

  it.each<[string, Partial<ScriptedServer>, number]>([
    ['gives none', { ranges: false }, 1],
    ['does not show which one it gave', { hidden: ['content-range'] }, 2],
    ['compresses', { headers: { 'content-encoding': 'gzip' } }, 2],
  ])('is read as ever where the server %s', async (_, change, requests) => {
    const test = setup(change);
    await begin(test, 10);
    expect(test.server.requests).toHaveLength(requests);
    expect(test.server.requests.at(-1)?.get('range')).toBe(requests === 1 ? 'bytes=0-3' : null);
  });

  it.each([400, 403, 405, 416, 501])('is read as ever where the server answers ranges with %i', async (status) => {
    const test = setup();
    test.server.replies.set(0, () => new Response(null, { status }));
    expect(await drain((await test.open()).stream)).toEqual(body);
    expect(ranges(test)).toEqual(['bytes=0-3', null]);
  });

  it('is read as ever where such a request fails on its way', async () => {
    const test = setup();
    test.server.replies.set(0, () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await drain((await test.open()).stream)).toEqual(body);
    expect(ranges(test)).toEqual(['bytes=0-3', null]);
  });

  it('waits for a server that is busy, and asks it for the same', async () => {
    const test = setup();
    test.server.replies.set(0, () => new Response(null, { status: 503 }));
    await (await test.open()).stream.cancel(new DOMException('enough', 'AbortError'));
    expect(ranges(test)).toEqual(['bytes=0-3', 'bytes=0-3']);
  });

  it('is refused when it changes between two ranges', async () => {
    const test = setup();
    const { stream } = await test.open();
    test.server.etag = '"two"';
    await expect(drain(stream)).rejects.toMatchObject({ message: expect.stringMatching(/changed on the server/) });
  });
});
