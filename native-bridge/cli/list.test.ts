import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { splitGguf } from '../../test/support/split-gguf';
import { splitIdentity } from '../../src/store/split-identity';
import { sha256Of } from '../../src/store/testing/visits';
import { useCommand } from './testing/run-command';

const { run } = useCommand();
const parts = splitGguf(new Uint8Array(readFileSync('test/fixtures/zoo/llama.gguf')), 2);
const hashes = parts.map(sha256Of);
const identity = await splitIdentity(hashes);
const SPLIT = 'https://models.test/m-00001-of-00002.gguf';
const nameOf = (part: number): string => `m-0000${part}-of-00002.gguf`;

/** Serves the parts, and under any other name another model. */
const serving: typeof fetch = (url) => {
  const name = new URL(url instanceof Request ? url.url : url).pathname.slice(1);
  const bytes = parts[[nameOf(1), nameOf(2)].indexOf(name)] ?? new TextEncoder().encode('GGUF, another one');
  return Promise.resolve(new Response(new Uint8Array(bytes)));
};
const day = String.raw`20\d\d-\d\d-\d\d`;
const short = (hash = ''): string => hash.slice(0, 12);

it('shows a split model under the hash of all its files, which are below it with theirs', async () => {
  await run(['pull', SPLIT], { fetch: serving });
  const { out } = await run(['list']);
  expect(out.split('\n').slice(1)).toEqual([
    expect.stringMatching(new RegExp(`^${short(identity)} +[\\d.]+ .B +${day} +ok +m-00001-of-00002\\.gguf, 2 files$`)),
    expect.stringMatching(new RegExp(`^  ${short(hashes[0])} .* ok +  ${nameOf(1)}$`)),
    expect.stringMatching(new RegExp(`^  ${short(hashes[1])} .* ok +  ${nameOf(2)}$`)),
    '',
  ]);
  const shown = out.split('\n')[1]?.split(' ')[0] ?? '';
  expect((await run(['rm', shown])).out).toContain(`Deleted ${nameOf(2)}`);
});

it('tells programs which model a file is a part of', async () => {
  await run(['pull', SPLIT], { fetch: serving });
  await run(['pull', 'https://models.test/alone.gguf'], { fetch: serving });
  const partOf = [{ sha256: identity, fileName: nameOf(1) }];
  const listed = JSON.parse((await run(['list', '--json'])).out) as { fileName: string; partOf?: unknown }[];
  expect(listed.map((entry) => entry.partOf)).toEqual(
    listed.map(({ fileName }) => (fileName === 'alone.gguf' ? undefined : partOf)),
  );
  expect(listed).toHaveLength(3);
});

it('says what a split model lacks: it has no hash then', async () => {
  await run(['pull', SPLIT], { fetch: serving });
  await run(['rm', hashes[1] ?? '']);
  const [, row, below, ...rest] = (await run(['list'])).out.split('\n');
  expect(row).toMatch(new RegExp(`^- +[\\d.]+ .B +${day} +${nameOf(2)} is missing +${nameOf(1)}, 2 files$`));
  expect([below, rest]).toEqual([expect.stringContaining(nameOf(1)), ['']]);
});
