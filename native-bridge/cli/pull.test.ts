import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { splitGguf } from '../../test/support/split-gguf';
import { splitIdentity } from '../../src/store/split-identity';
import { sha256Of } from '../../src/store/testing/visits';
import { useCommand } from './testing/run-command';

const { run } = useCommand();
const whole = new Uint8Array(readFileSync('test/fixtures/zoo/llama.gguf'));
const parts = splitGguf(whole, 2);
const FILE = { address: 'https://models.test/whole.gguf', sha256: sha256Of(whole), names: ['whole.gguf'] };
const PARTS = {
  address: 'https://models.test/m-00001-of-00002.gguf',
  sha256: await splitIdentity(parts.map(sha256Of)),
  names: ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'],
};

it.each([
  [FILE, PARTS],
  [PARTS, FILE],
])('goes over mirrors whose servers tell no hash until one has it, and keeps that alone: %#', async (wanted, first) => {
  const serving: typeof fetch = (url) => {
    const name = new URL(url instanceof Request ? url.url : url).pathname.slice(1);
    const bytes = parts[PARTS.names.indexOf(name)] ?? whole;
    return Promise.resolve(
      new Response(new Uint8Array(bytes), { headers: { 'content-length': String(bytes.length) } }),
    );
  };
  const command = ['pull', first.address, '--mirror', wanted.address, '--sha256', wanted.sha256];
  const { code, err } = await run(command, { fetch: serving });
  expect([code, err]).toEqual([0, expect.stringContaining(`${first.address} has another file than is wanted`)]);
  const listed = JSON.parse((await run(['list', '--json'])).out) as { fileName: string }[];
  expect(listed.map(({ fileName }) => fileName).toSorted()).toEqual(wanted.names);
});
