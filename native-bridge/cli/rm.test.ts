import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitGguf } from '../../test/support/split-gguf';
import { splitIdentity } from '../../src/store/split-identity';
import { sha256Of } from '../../src/store/testing/visits';
import { useCommand } from './testing/run-command';

const { run } = useCommand();
const parts = splitGguf(new Uint8Array(readFileSync('test/fixtures/zoo/llama.gguf')), 2);
const identity = await splitIdentity(parts.map(sha256Of));
const SPLIT = 'https://models.test/m-00001-of-00002.gguf';

/** It begins with the same part, and has another second one. */
const KIN = 'https://kin.test/k-00001-of-00002.gguf';
const kin = [parts[0] ?? new Uint8Array(), new Uint8Array(parts[1] ?? [])];
const lastByte = (kin[1]?.length ?? 0) - 1;
kin[1]?.set([(kin[1][lastByte] ?? 0) ^ 1], lastByte);
const kinIdentity = await splitIdentity(kin.map(sha256Of));

const nameOf = (part: number, stem = 'm'): string => `${stem}-0000${part}-of-00002.gguf`;
const serving: typeof fetch = (url) => {
  const { pathname, host } = new URL(url instanceof Request ? url.url : url);
  const [files, stem] = host === 'kin.test' ? [kin, 'k'] : [parts, 'm'];
  const bytes = files[[nameOf(1, stem), nameOf(2, stem)].indexOf(pathname.slice(1))];
  return Promise.resolve(bytes === undefined ? new Response('', { status: 404 }) : new Response(new Uint8Array(bytes)));
};
const kept = async (): Promise<string[]> =>
  (JSON.parse((await run(['list', '--json'])).out) as { fileName: string }[])
    .map(({ fileName }) => fileName)
    .toSorted();

it.each([identity, `sha256:${identity.toUpperCase()}`, identity.slice(0, 6)])(
  'deletes all parts of a split model by the hash of them all: %s',
  async (name) => {
    await run(['pull', SPLIT], { fetch: serving });
    expect(await kept()).toEqual([nameOf(1), nameOf(2)]);
    const { code, out } = await run(['rm', name]);
    expect([code, out.split('\n').toSorted()]).toEqual([0, ['', `Deleted ${nameOf(1)}`, `Deleted ${nameOf(2)}`]]);
    expect(await kept()).toEqual([]);
  },
);

it('deletes nothing by too few digits of it, and one part by that one’s own', async () => {
  await run(['pull', SPLIT], { fetch: serving });
  expect(await run(['rm', identity.slice(0, 5)])).toMatchObject({
    code: 1,
    err: expect.stringContaining('is not here'),
  });
  expect((await run(['rm', sha256Of(parts[1] ?? new Uint8Array())])).out).toBe(`Deleted ${nameOf(2)}\n`);
  expect(await run(['rm', identity])).toMatchObject({ code: 1, err: expect.stringContaining('is not here') });
  expect(await kept()).toEqual([nameOf(1)]);
});

describe('parts that another model has too', () => {
  const ran = async (...args: string[]): Promise<[number, string[]]> => {
    const { code, out } = await run(['rm', ...args]);
    return [code, out.trim().split('\n').toSorted()];
  };
  const both = async (): Promise<void> => {
    await run(['pull', SPLIT], { fetch: serving });
    await run(['pull', KIN], { fetch: serving });
    expect(await kept()).toEqual([nameOf(2, 'k'), nameOf(1), nameOf(2)]);
  };
  const SAID = `Kept ${nameOf(1)}: ${nameOf(1, 'k')} (sha256:${kinIdentity}) has it too`;

  it.each([identity, SPLIT, nameOf(1)])('are kept, and told of: rm %s', async (name) => {
    await both();
    expect(await ran(name)).toEqual([0, [`Deleted ${nameOf(2)}`, SAID]]);
    expect(await kept()).toEqual([nameOf(2, 'k'), nameOf(1)]);
    // The one is gone, and holds nothing of the other back.
    expect(await run(['rm', name])).toMatchObject({ code: 1, err: expect.stringContaining('is not here') });
    expect(await ran(kinIdentity)).toEqual([0, [`Deleted ${nameOf(2, 'k')}`, `Deleted ${nameOf(1)}`]]);
    expect(await kept()).toEqual([]);
  });

  it('go with the last of them, and with all that are named at once', async () => {
    await both();
    expect((await ran(identity, kinIdentity))[1]).toHaveLength(3);
    expect(await kept()).toEqual([]);
  });

  it('are told of to programs too, which get what was deleted', async () => {
    await both();
    const { out, err } = await run(['rm', identity, '--json']);
    expect([(JSON.parse(out) as { fileName: string }[]).map(({ fileName }) => fileName), err]).toEqual([
      [nameOf(2)],
      `${SAID}\n`,
    ]);
  });
});

describe('a split model', () => {
  it.each([1, 2])('goes as a whole by the name of its file %i', async (part) => {
    await run(['pull', SPLIT], { fetch: serving });
    expect(await run(['rm', nameOf(part)])).toMatchObject({ code: 0 });
    expect(await kept()).toEqual([]);
  });

  it('goes with what has arrived of it, whole files and beginnings', async () => {
    const breaking: typeof fetch = (url, init) => {
      const isSecond = new URL(url instanceof Request ? url.url : url).pathname.endsWith(nameOf(2));
      return isSecond ? Promise.resolve(new Response('', { status: 404 })) : serving(url, init);
    };
    await run(['pull', SPLIT], { fetch: serving });
    await run(['rm', sha256Of(parts[0] ?? new Uint8Array())]);
    expect((await run(['pull', SPLIT], { fetch: breaking })).code).toBe(0);
    await run(['rm', sha256Of(parts[1] ?? new Uint8Array())]);
    expect(await kept()).toEqual([nameOf(1)]);
    expect((await run(['rm', nameOf(1)])).out).toBe(`Deleted ${nameOf(1)}\n`);
    expect(await kept()).toEqual([]);
  });
});

it.each([nameOf(1), nameOf(2), SPLIT])(
  'all beginnings of a split model go, where nothing of it is whole: rm %s',
  async (name) => {
    const cutting: typeof fetch = async (url, init) => {
      const whole = new Uint8Array(await (await serving(url, init)).arrayBuffer());
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(whole.subarray(0, whole.length - 10)),
        pull: (controller) => controller.error(new Error('cut')),
      });
      return new Response(stream, { headers: { 'content-length': String(whole.length), etag: '"1"' } });
    };
    const env = { FORGELIGHT_TIMEOUT_STALL_MS: '1000' };
    expect((await run(['pull', SPLIT], { fetch: cutting, env })).code).toBe(1);
    expect(await kept()).toEqual([nameOf(1), nameOf(2)]);
    const { code, out } = await run(['rm', name]);
    expect([code, out.trim().split('\n').toSorted()]).toEqual([
      0,
      [1, 2].map((part) => `Deleted https://models.test/${nameOf(part)}`),
    ]);
    expect(await kept()).toEqual([]);
  },
);

it('pull keeps a split model that has the hash it is to have, and nothing of another one', async () => {
  const wrong = await run(['pull', SPLIT, '--sha256', 'a'.repeat(64)], { fetch: serving });
  expect([wrong.code, wrong.err]).toEqual([
    1,
    expect.stringContaining(`has the SHA-256 ${identity}, expected ${'a'.repeat(64)}`),
  ]);
  expect(await kept()).toEqual([]);
  expect((await run(['pull', SPLIT, '--sha256', identity], { fetch: serving })).code).toBe(0);
  // What was here before is not taken away by a wrong hash.
  expect((await run(['pull', SPLIT, '--sha256', 'a'.repeat(64)], { fetch: serving })).code).toBe(1);
  expect(await kept()).toEqual([nameOf(1), nameOf(2)]);
});
