import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { splitGguf } from '../../test/support/split-gguf';
import { splitIdentity } from '../../src/store/split-identity';
import { sha256Of } from '../../src/store/testing/visits';
import { useCommand } from './testing/run-command';

const { run } = useCommand();
const parts = splitGguf(new Uint8Array(readFileSync('test/fixtures/zoo/llama.gguf')), 2);
const identity = await splitIdentity(parts.map(sha256Of));
const SPLIT = 'https://models.test/m-00001-of-00002.gguf';

const nameOf = (part: number): string => `m-0000${part}-of-00002.gguf`;
const serving: typeof fetch = (url) => {
  const path = new URL(url instanceof Request ? url.url : url).pathname.slice(1);
  const bytes = parts[[nameOf(1), nameOf(2)].indexOf(path)];
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
