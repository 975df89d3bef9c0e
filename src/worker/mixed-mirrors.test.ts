import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { FakeHub } from '../../test/support/fake-hub';
import { splitGguf } from '../../test/support/split-gguf';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import { ModelStore } from '../store/model-store';
import { readToEnd } from '../store/read-to-end';
import { splitIdentity } from '../store/split-identity';
import { MemoryGround } from '../store/testing/memory-ground';
import { MemoryTab } from '../store/testing/memory-tab';
import { sha256Of } from '../store/testing/visits';
import { heldSource } from './model-sources';

/** The same model in one file and in parts: those have a hash of their own. */
const whole = new Uint8Array(readFileSync('test/fixtures/zoo/llama.gguf'));
const parts = splitGguf(whole, 2);
const IDENTITY = { file: sha256Of(whole), parts: await splitIdentity(parts.map(sha256Of)) };
const HUB = 'https://huggingface.co/o/r/resolve/main';
const NAMES = {
  address: { file: `${HUB}/m-Q8_0.gguf`, parts: `${HUB}/m-Q4_0-00001-of-00002.gguf` },
  tag: { file: 'hf:o/r:Q8_0', parts: 'hf:o/r:Q4_0' },
} as const;
type Form = keyof typeof IDENTITY;

let hub: FakeHub;
let ground: MemoryGround;
let store: ModelStore;

beforeEach(() => {
  hub = new FakeHub(
    'o/r',
    new Map([['m-Q8_0.gguf', whole], ...parts.map((part, i) => [`m-Q4_0-0000${i + 1}-of-00002.gguf`, part] as const)]),
  );
  vi.stubGlobal('fetch', hub.fetch);
  onTestFinished(() => void vi.unstubAllGlobals());
  ground = new MemoryGround();
  const options = { clock: new FakeClock(10_000), now: Date.now, report: () => undefined };
  store = new ModelStore(new MemoryTab(ground).ports, options);
});

/** What a load of these mirrors reads; a load without a hash keeps each in the store. */
async function load(model: string, mirror: string | null, sha256: string | null): Promise<string | undefined> {
  const { load } = parseEngineOptions({
    model,
    ...(mirror !== null && { mirrors: [mirror] }),
    ...(sha256 !== null && { sha256 }),
  });
  const held = heldSource(load, { store, onWatched: () => undefined });
  try {
    const opened = await held.source.open(new AbortController().signal);
    await readToEnd(opened.stream, () => undefined);
    return opened.digest?.();
  } finally {
    held.close();
  }
}

const keep = async (...forms: readonly Form[]): Promise<void> => {
  for (const form of forms) await load(NAMES.address[form], null, null);
  hub.requests.length = 0;
};
const asked = (): string[] => hub.requests.map(({ url }) => url.pathname).filter((path) => path.endsWith('.gguf'));
const other = (form: Form): Form => (form === 'file' ? 'parts' : 'file');
const CASES = (['file', 'parts'] as const).flatMap((wanted) =>
  (['file', 'parts'] as const).map((first) => [wanted, first] as const),
);

describe('mirrors of which one is in parts and one a single file', () => {
  it.each(CASES)(
    'of which both are kept: the one with the hash of the %s is used (first: %s)',
    async (wanted, first) => {
      await keep('file', 'parts');
      const { address, tag } = NAMES;
      expect(await load(address[first], address[other(first)], IDENTITY[wanted])).toBe(IDENTITY[wanted]);
      expect(asked()).toEqual([]);
      expect(await load(tag[first], tag[other(first)], IDENTITY[wanted])).toBe(IDENTITY[wanted]);
      expect(ground.locks.heldNames).toEqual([]);
    },
  );

  it.each(CASES)(
    'of which one is kept: that is used where it has the hash of the %s (first: %s)',
    async (wanted, first) => {
      await keep(wanted);
      const { address } = NAMES;
      expect(await load(address[first], address[other(first)], IDENTITY[wanted])).toBe(IDENTITY[wanted]);
      expect(asked()).toEqual([]);
    },
  );

  it.each(CASES)(
    'of which the other one is kept: the one with the hash of the %s is fetched (first: %s)',
    async (wanted, first) => {
      await keep(other(wanted));
      const { address } = NAMES;
      expect(await load(address[first], address[other(first)], IDENTITY[wanted])).toBe(IDENTITY[wanted]);
      expect(await load(address[other(wanted)], null, null)).toBe(IDENTITY[other(wanted)]);
    },
  );

  it.each(CASES)(
    'of which none is kept, where a listing has hashes: that of the %s is used (first: %s)',
    async (wanted, first) => {
      const { tag } = NAMES;
      expect(await load(tag[first], tag[other(first)], IDENTITY[wanted])).toBe(IDENTITY[wanted]);
    },
  );

  it('of which the file is kept under another name: it is used', async () => {
    const elsewhere = `${HUB}/copy/m.gguf`;
    hub.replies.set('copy/m.gguf', () => new Response(whole));
    await load(elsewhere, null, null);
    hub.requests.length = 0;
    expect(await load(NAMES.address.parts, NAMES.address.file, IDENTITY.file)).toBe(IDENTITY.file);
    expect(asked()).toEqual([]);
  });

  it('is asked again, last of all, where the store has another file of it: it may have been replaced', async () => {
    await keep('file');
    const replaced = new Uint8Array([...whole, 0]);
    hub.replies.set('m-Q8_0.gguf', () => new Response(replaced));
    hub.replies.set('of-00002.gguf', () => new Response('', { status: 404 }));
    const { address } = NAMES;
    expect(await load(address.file, address.parts, sha256Of(replaced))).toBe(sha256Of(replaced));
  });
});
