import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { FakeHub } from '../../test/support/fake-hub';
import { splitGguf } from '../../test/support/split-gguf';
import { readGgufHeader } from '../gguf/read-header';
import { blobSource } from '../store/blob-source';
import { ModelStore } from '../store/model-store';
import { splitIdentity } from '../store/split-identity';
import { MemoryGround } from '../store/testing/memory-ground';
import { MemoryTab } from '../store/testing/memory-tab';
import { sha256Of } from '../store/testing/visits';
import { WorkerStore } from './worker-store';

const whole = new Uint8Array(readFileSync('test/fixtures/zoo/llama.gguf'));
const parts = splitGguf(whole, 2) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
const identity = await splitIdentity(parts.map(sha256Of));
const damagedPart = `blobs/${sha256Of(parts[1])}.gguf` as const;
const never = (): void => undefined;

/** A worker's store that has a split model, its ground, and the hub that it came from. */
async function setup() {
  const hub = new FakeHub('o/r', new Map(parts.map((bytes, i) => [`m-0000${i + 1}-of-00002.gguf`, bytes])));
  vi.stubGlobal('fetch', hub.fetch);
  onTestFinished(() => void vi.unstubAllGlobals());
  const ground = new MemoryGround();
  const store = new ModelStore(new MemoryTab(ground).ports, { clock: new FakeClock(), now: Date.now, report: never });
  const host = new WorkerStore(() => Promise.resolve(store));
  await host.pull(1, { model: 'hf:o/r/m-00001-of-00002.gguf' }, never, never);
  hub.requests.length = 0;
  return { hub, ground, store, host };
}

async function copyOf(host: WorkerStore, sha256: string) {
  const opened = await host.openExport(sha256);
  if (!opened.ok) throw new Error(opened.error.message);
  const { id, sizeBytes, fileName } = opened.value;
  const chunks: Uint8Array[] = [];
  for (;;) {
    const read = await host.readExport(id);
    if (!read.ok) throw new Error(read.error.message);
    if (read.value === null) return { bytes: Buffer.concat(chunks), sizeBytes, fileName };
    chunks.push(read.value);
  }
}

it('a split model is copied by its hash as one file, and is in use meanwhile', async () => {
  const { ground, store, host } = await setup();
  const { bytes, sizeBytes, fileName } = await copyOf(host, `sha256:${identity.toUpperCase()}`);
  expect([bytes.length, fileName]).toEqual([sizeBytes, 'm.gguf']);
  const namesOf = async (file: Uint8Array) => {
    const source = blobSource(new Blob([new Uint8Array(file)]));
    const { stream } = await source.open(new AbortController().signal);
    return (await readGgufHeader(stream)).file.tensors.map(({ name }) => name);
  };
  expect(await namesOf(bytes)).toEqual(await namesOf(whole));
  expect(ground.locks.heldNames).toEqual([]);
  const { stream } = await store.export(identity, new AbortController().signal);
  expect(await host.delete(identity)).toMatchObject({ ok: false, error: { code: 'busy' } });
  await stream.cancel('enough');
  expect(ground.locks.heldNames).toEqual([]);
});

it('a split model is deleted by its hash, also where a part of it is damaged', async () => {
  for (const isDamaged of [false, true]) {
    const { ground, host } = await setup();
    if (isDamaged) ground.files.delete(damagedPart);
    expect(await host.delete(identity)).toEqual({ ok: true, value: true });
    expect(await host.list()).toEqual({ ok: true, value: [] });
    expect(await host.delete(identity)).toEqual({ ok: true, value: false });
  }
});

it('a split model that is deleted leaves what another one has too, and lets that go with it', async () => {
  const { store, host } = await setup();
  const [first, other] = [parts[0], Uint8Array.from(parts[1]).reverse()];
  for (const [i, bytes] of [first, other].entries()) {
    const address = `https://kin.test/k-0000${i + 1}-of-00002.gguf`;
    await store.pull({ ...blobSource(new Blob([bytes])), address }, new AbortController().signal);
  }
  expect(await host.delete(identity)).toEqual({ ok: true, value: true });
  const hashes = async () => (await store.list()).flatMap((entry) => (entry.state === 'ok' ? [entry.sha256] : []));
  expect((await hashes()).toSorted()).toEqual([sha256Of(first), sha256Of(other)].toSorted());
  expect(await host.delete(identity)).toEqual({ ok: true, value: false });
  expect(await host.delete(await splitIdentity([first, other].map(sha256Of)))).toEqual({ ok: true, value: true });
  expect(await hashes()).toEqual([]);
});

it('a split model is repaired by its hash: what is damaged of it is fetched', async () => {
  const { hub, ground, host } = await setup();
  ground.files.delete(damagedPart);
  expect(await host.openExport(identity)).toMatchObject({ ok: false, error: { code: 'corrupt-model' } });
  expect(await host.repair(2, identity)).toMatchObject({ ok: true });
  expect(hub.requests.map(({ url }) => url.pathname.split('/').at(-1))).toEqual(['m-00002-of-00002.gguf']);
  expect((await copyOf(host, identity)).fileName).toBe('m.gguf');
});

it('a split model is not pulled as another one', async () => {
  const { host } = await setup();
  const pull = (sha256: string) => host.pull(3, { model: 'hf:o/r/m-00001-of-00002.gguf', sha256 }, never, never);
  expect(await pull('a'.repeat(64))).toMatchObject({ ok: false, error: { code: 'corrupt-model' } });
  expect(await pull(identity)).toMatchObject({ ok: true });
});

it.each([
  ['https://models.test/m.gguf', 'hf:o/r/m-00001-of-00002.gguf', identity, parts.map(sha256Of)],
  ['hf:o/r/m-00001-of-00002.gguf', 'https://models.test/m.gguf', sha256Of(whole), [sha256Of(whole)]],
])(
  '%s turns out at its end to be another model than is wanted: %s is pulled',
  async (model, mirror, sha256, hashes) => {
    const { host, ground, hub } = await setup();
    await host.delete(sha256Of(parts[0]));
    vi.stubGlobal('fetch', (url: URL, init?: RequestInit) =>
      new URL(url).host === 'models.test' ? Promise.resolve(new Response(whole)) : hub.fetch(url, init),
    );
    expect(await host.pull(4, { model, mirrors: [mirror], sha256 }, never, never)).toEqual({ ok: true, value: hashes });
    expect(ground.locks.heldNames).toEqual([]);
  },
);
