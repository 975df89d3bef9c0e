import { readFileSync } from 'node:fs';
import { defined } from '../base/assert';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { FakeHub } from '../../test/support/fake-hub';
import { splitGguf } from '../../test/support/split-gguf';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import { hashedOnce } from '../store/hashing';
import { ModelStore } from '../store/model-store';
import { overMirrors } from '../store/over-mirrors';
import { readToEnd } from '../store/read-to-end';
import { requireHash } from '../store/require-hash';
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
let keeps = true;
let notes: readonly string[] = [];

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
  keeps = true;
});

/** What a load of these mirrors reads; a load without a hash keeps each in the store. */
async function load(model: string, mirror: string | null, sha256: string | null): Promise<string | undefined> {
  const { load } = parseEngineOptions({
    model,
    ...(mirror !== null && { mirrors: [mirror] }),
    ...(sha256 !== null && { sha256 }),
  });
  const held = heldSource(load, { store: keeps ? store : null, onWatched: () => undefined });
  try {
    return await overMirrors(held.source, async () => {
      const opened = await held.source.open(new AbortController().signal);
      notes = opened.notes ?? [];
      const stream = await hashedOnce(opened);
      await readToEnd(stream, () => undefined);
      requireHash({ ...opened, digest: () => stream.digest() }, sha256 ?? undefined);
      return stream.digest();
    });
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

describe('mirrors that no store and no listing knows', () => {
  const TELLING = (bytes: Uint8Array): Response => {
    const headers = { 'content-length': String(bytes.length), 'x-linked-etag': `"${sha256Of(bytes)}"` };
    return new Response(new Uint8Array(bytes), { headers });
  };
  const tells = (form: Form): void => {
    if (form === 'file') hub.replies.set('m-Q8_0.gguf', () => TELLING(whole));
    else parts.forEach((part, i) => hub.replies.set(`m-Q4_0-0000${i + 1}-of-00002.gguf`, () => TELLING(part)));
  };
  const { address } = NAMES;

  describe.each([true, false])('(kept: %j)', (isKept) => {
    beforeEach(() => (keeps = isKept));

    it.each(CASES)('are gone over until one has the hash of the %s (first: %s)', async (wanted, first) => {
      expect(await load(address[first], address[other(first)], IDENTITY[wanted])).toBe(IDENTITY[wanted]);
      expect(notes.join()).toBe(
        wanted === first
          ? ''
          : `${address[first]} has another file than is wanted, or a damaged one, as its end told: the next address was asked.`,
      );
      expect(ground.locks.heldNames).toEqual([]);
    });

    it.each(CASES)('of which one tells the hash of the %s: it comes first (first: %s)', async (wanted, first) => {
      tells(wanted);
      expect(await load(address[first], address[other(first)], IDENTITY[wanted])).toBe(IDENTITY[wanted]);
      expect(notes).toEqual([]);
    });

    it.each(CASES)(
      'of which one tells another hash than that of the %s: it is left out (first: %s)',
      async (wanted, first) => {
        tells(other(wanted));
        expect(await load(address[first], address[other(first)], IDENTITY[wanted])).toBe(IDENTITY[wanted]);
        expect(notes).toEqual([]);
      },
    );

    it('of which none has what is wanted fail once all were asked, each read once', async () => {
      const none = load(address.file, address.parts, 'a'.repeat(64));
      await expect(none).rejects.toMatchObject({ code: 'corrupt-model' });
      expect(ground.locks.heldNames).toEqual([]);
    });
  });
});

it('damage in the store is told, though another mirror could serve', async () => {
  await keep('parts');
  const damaged = `blobs/${sha256Of(defined(parts[1], 'a part'))}.gguf` as const;
  const file = defined(ground.files.get(damaged), 'the part');
  const bytes = Uint8Array.from(parts[1] ?? [], (byte, i) => (i === 9000 ? byte ^ 1 : byte));
  ground.files.set(damaged, { ...file, bytes });
  const elsewhere = NAMES.address.parts.replace('/m-', '/copy/m-');
  parts.forEach((part, i) => hub.replies.set(`copy/m-Q4_0-0000${i + 1}-of-00002.gguf`, () => new Response(part)));
  await expect(load(NAMES.address.parts, elsewhere, IDENTITY.parts)).rejects.toMatchObject({ code: 'corrupt-model' });
  expect(asked()).toEqual([]);
});

describe('mirrors of one file, of which the first has other bytes and says nothing', () => {
  const [first, second] = ['a.gguf', 'b.gguf'].map((name) => `${HUB}/${name}`) as [string, string];
  const damaged = Uint8Array.from(whole, (byte, i) => (i === whole.length - 1 ? byte ^ 1 : byte));

  it.each([true, false])('are gone over (kept: %j)', async (isKept) => {
    keeps = isKept;
    hub.replies.set('a.gguf', () => new Response(damaged));
    hub.replies.set('b.gguf', () => new Response(whole));
    expect(await load(first, second, IDENTITY.file)).toBe(IDENTITY.file);
    expect(notes.join()).toContain(`${first} has another file than is wanted, or a damaged one`);
    expect(asked().map((path) => path.at(-6))).toEqual(['a', 'b']);
    expect(ground.locks.heldNames).toEqual([]);
  });

  it.each([true, false])('fail where none has it, each read once (kept: %j)', async (isKept) => {
    keeps = isKept;
    hub.replies.set('a.gguf', () => new Response(damaged));
    hub.replies.set('b.gguf', () => new Response(damaged));
    await expect(load(first, second, IDENTITY.file)).rejects.toMatchObject({ code: 'corrupt-model' });
    expect(asked()).toHaveLength(2);
  });
});
