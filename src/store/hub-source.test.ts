import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { FakeHub } from '../../test/support/fake-hub';
import { parseWhole, splitGguf } from '../../test/support/split-gguf';
import { withHubToken } from './hub';
import { modelSource, type ModelSourceOptions } from './open-model';
import type { OpenedModel } from './source';
import { splitIdentity } from './split-identity';

const HUB = 'https://huggingface.co';
const whole = new Uint8Array(readFileSync('test/fixtures/zoo/llama.gguf'));
const [one, two] = splitGguf(whole, 2) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
const never = new AbortController().signal;
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function hubOf(...paths: readonly string[]): FakeHub {
  return new FakeHub('o/r', new Map(paths.map((path, i) => [path, new Uint8Array(whole.slice(0, whole.length - i))])));
}

function open(hub: FakeHub, model: string, options: Partial<ModelSourceOptions> = {}): Promise<OpenedModel> {
  const source = modelSource(model, {
    clock: new FakeClock(),
    random: () => 0,
    stallMs: 1,
    fetch: hub.fetch,
    ...options,
  });
  return source.open(never);
}

async function readAll({ stream }: OpenedModel): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

const paths = (hub: FakeHub): string[] => hub.requests.map(({ url }) => url.pathname);

describe('hf:owner/repo:TAG', () => {
  it('finds the file, and knows its size and hash beforehand', async () => {
    const hub = hubOf('README.md', 'm-Q8_0.gguf', 'sub dir/m-Q4_K_M.gguf');
    const opened = await open(hub, 'hf:o/r:q4_k_m');
    const file = hub.files.get('sub dir/m-Q4_K_M.gguf') ?? whole;
    expect(opened).toMatchObject({ sizeBytes: file.length, sha256: hashOf(file), fileName: 'm-Q4_K_M.gguf' });
    expect(hashOf(await readAll(opened))).toBe(hashOf(file));
    expect(hub.requests[0]?.url.href).toBe(`${HUB}/api/models/o/r/tree/main?recursive=true`);
    expect(paths(hub)[1]).toBe('/o/r/resolve/main/sub%20dir/m-Q4_K_M.gguf');
  });

  it('reads a listing of several pages, of the hub’s own', async () => {
    const hub = hubOf('a', 'b', 'c', 'd', 'm-Q8_0.gguf');
    hub.pageSize = 2;
    await (await open(hub, 'hf:o/r:Q8_0')).stream.cancel('enough');
    expect(hub.requests.map(({ url }) => url.searchParams.get('cursor'))).toEqual([null, '2', '4', null]);
    const link = { link: '<https://evil.example/next>; rel="next"' };
    hub.replies.set('/tree/main', () => new Response('[]', { headers: link }));
    await expect(open(hub, 'hf:o/r:Q8_0')).rejects.toMatchObject({ message: expect.stringContaining('no GGUF model') });
    expect(hub.requests.every(({ url }) => url.origin === HUB)).toBe(true);
  });

  it('opens all parts of a split model, each with its hash', async () => {
    const hub = new FakeHub(
      'o/r',
      new Map([
        ['Q4/m-Q4_0-00001-of-00002.gguf', one],
        ['Q4/m-Q4_0-00002-of-00002.gguf', two],
      ]),
    );
    const opened = await open(hub, 'hf:o/r:Q4_0');
    const sha256 = await splitIdentity([one, two].map(hashOf));
    expect(opened).toMatchObject({ fileName: 'm-Q4_0.gguf', sha256 });
    expect(parseWhole(await readAll(opened)).tensors).toHaveLength(parseWhole(whole).tensors.length);
    const damaged = new Uint8Array(two);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    hub.replies.set('00002-of-00002.gguf', () => new Response(damaged));
    await expect(open(hub, 'hf:o/r:Q4_0').then(readAll)).rejects.toMatchObject({ code: 'corrupt-model' });
  });

  it('tells whoever keeps files which hash each one will have', async () => {
    const hub = hubOf('m-Q8_0.gguf', 'm-Q4_0-00001-of-00002.gguf', 'm-Q4_0-00002-of-00002.gguf');
    const told: (string | null)[] = [];
    const wrapFile: ModelSourceOptions['wrapFile'] = (source, sha256) => {
      told.push(sha256);
      return { ...source, open: () => Promise.reject(new Error('enough')) };
    };
    const listed = [...hub.files.values()].map(hashOf);
    for (const model of ['hf:o/r:Q8_0', 'hf:o/r:Q4_0', 'hf:o/r/m-Q8_0.gguf', 'https://x/m.gguf']) {
      await expect(open(hub, model, { wrapFile })).rejects.toThrow('enough');
    }
    expect(told.splice(0)).toEqual([...listed, null, null]);
    const sha256 = 'a'.repeat(64);
    for (const model of ['hf:o/r:Q8_0', 'hf:o/r:Q4_0', 'hf:o/r/m-Q8_0.gguf', 'https://x/m.gguf']) {
      await expect(open(hub, model, { wrapFile, sha256 })).rejects.toThrow('enough');
    }
    expect(told).toEqual([sha256, ...listed.slice(1), sha256, sha256]);
  });

  it.each([
    ['hf:o/r:Q2_K', /has no Q2_K, but .*Q4_0 \(.*\), Q8_0 \(/],
    ['hf:o/r', /names no file; the repository has .*Q4_0 \(.*\), Q8_0 \(/],
    ['hf:o/r:F16', /F16 may be any of b-F16.gguf \(.*\), a-F16.gguf \(.*name the file/],
  ])('says what there is instead of %s', async (model, message) => {
    const hub = hubOf('m-Q8_0.gguf', 'm-Q4_0.gguf', 'a-F16.gguf', 'b-F16.gguf');
    const failure = { code: 'invalid-request', param: 'model', message: expect.stringMatching(message) };
    await expect(open(hub, model)).rejects.toMatchObject(failure);
  });

  it('refuses a file that is not the listed one, and what is no listing', async () => {
    const hub = hubOf('m-Q8_0.gguf');
    const cut = (): Response => new Response(whole.slice(0, 9), { headers: { 'content-length': '9' } });
    hub.replies.set('.gguf', cut);
    await expect(open(hub, 'hf:o/r:Q8_0')).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/has 9 bytes/),
    });
    for (const text of ['{}', '<html>', 'null']) {
      hub.replies.set('/tree/main', () => new Response(text));
      await expect(open(hub, 'hf:o/r:Q8_0')).rejects.toMatchObject({
        code: 'network',
        message: expect.stringMatching(/not a list of files/),
      });
    }
  });
});

describe('hf:owner/repo/…-00001-of-0000N.gguf', () => {
  it.each([1, 2])('names the whole set by part %d', async (part) => {
    const hub = new FakeHub(
      'o/r',
      new Map([
        ['m-00001-of-00002.gguf', one],
        ['m-00002-of-00002.gguf', two],
      ]),
    );
    const wrapped: string[] = [];
    const opened = await open(hub, `hf:o/r/m-0000${part}-of-00002.gguf`, {
      wrapFile: (source) => {
        wrapped.push(source.label);
        return source;
      },
    });
    expect(parseWhole(await readAll(opened)).tensors).toHaveLength(parseWhole(whole).tensors.length);
    expect(wrapped).toEqual([1, 2].map((i) => `${HUB}/o/r/resolve/main/m-0000${i}-of-00002.gguf`));
  });
});

describe('the hub’s token', () => {
  const hubToken = 'hf_secret123';

  it('goes to the hub as a header, and into no address and no message', async () => {
    const hub = hubOf('m-Q8_0.gguf');
    hub.token = hubToken;
    await (await open(hub, 'hf:o/r:Q8_0', { hubToken })).stream.cancel('enough');
    expect(hub.requests.map(({ authorization }) => authorization)).toEqual([
      `Bearer ${hubToken}`,
      `Bearer ${hubToken}`,
    ]);
    expect(hub.requests.filter(({ url }) => url.href.includes('secret'))).toEqual([]);
    const gated = { code: 'network', message: expect.stringMatching(/gated.*accept the licence.*token/) };
    await expect(open(hub, 'hf:o/r:Q8_0')).rejects.toMatchObject(gated);
    await expect(open(hub, 'hf:o/r/m-Q8_0.gguf')).rejects.toMatchObject(gated);
    hub.replies.set('.gguf', () => new Response('', { status: 403 }));
    const refused: unknown = await open(hub, 'hf:o/r/m-Q8_0.gguf', { hubToken }).catch((error: unknown) => error);
    expect(refused).toMatchObject(gated);
    expect(JSON.stringify(refused) + String(refused)).not.toContain('secret');
  });

  it.each([
    'https://elsewhere.example/x.gguf',
    'https://huggingface.co.evil.example/x.gguf',
    'http://127.0.0.1:1/x.gguf',
  ])('does not go to %s', async (model) => {
    const hub = hubOf();
    hub.replies.set('/x.gguf', () => new Response(whole));
    await (await open(hub, model, { hubToken })).stream.cancel('enough');
    expect(hub.requests).toMatchObject([{ authorization: null }]);
  });

  it('does not follow a redirect to another origin', async () => {
    const seen: Record<string, IncomingHttpHeaders[]> = { hub: [], storage: [] };
    const listen = async (server: Server): Promise<string> => {
      onTestFinished(() => void server.close());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    const storage = await listen(
      createServer((request, response) => {
        seen['storage']?.push(request.headers);
        response.end('file');
      }),
    );
    const hub = await listen(
      createServer((request, response) => {
        seen['hub']?.push(request.headers);
        const own = request.url === '/moved';
        response.writeHead(302, { location: own ? `${hub}/x` : `${storage}/x`, connection: 'close' }).end();
      }),
    );
    const asking = withHubToken(fetch, hubToken, hub);
    expect(await (await asking(`${hub}/moved`, { headers: { range: 'bytes=0-' } })).text()).toBe('file');
    expect(seen['hub']?.map(({ authorization }) => authorization)).toEqual([
      `Bearer ${hubToken}`,
      `Bearer ${hubToken}`,
    ]);
    expect(seen['storage']?.map(({ authorization, range }) => [authorization, range])).toEqual([
      [undefined, 'bytes=0-'],
    ]);
  });
});
