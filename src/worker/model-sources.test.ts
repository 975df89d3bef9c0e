import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeHub } from '../../test/support/fake-hub';
import { splitGguf } from '../../test/support/split-gguf';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import type { LoadOptions } from '../protocol/engine-port';
import { ModelStore } from '../store/model-store';
import type { OpenedModel } from '../store/source';
import { MemoryGround } from '../store/testing/memory-ground';
import { MemoryTab } from '../store/testing/memory-tab';
import { splitIdentity } from '../store/split-identity';
import { sha256Of } from '../store/testing/visits';
import { FakeClock } from '../../test/support/fake-clock';
import { ScriptedServer } from '../../test/support/scripted-server';
import { MIB } from '../base/units';
import { heldSource } from './model-sources';

const whole = new Uint8Array(readFileSync('test/fixtures/zoo/llama.gguf'));
const hash = sha256Of(whole);
const { signal } = new AbortController();
const nobody = (): void => undefined;

const optionsOf = (model: string): LoadOptions => parseEngineOptions({ model }).load;

async function readAll({ stream }: OpenedModel): Promise<number> {
  let bytes = 0;
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) bytes += chunk.length;
  return bytes;
}

let hub: FakeHub;
let ground: MemoryGround;
let store: ModelStore;

beforeEach(() => {
  hub = new FakeHub('o/r', new Map([['m-Q8_0.gguf', whole]]));
  vi.stubGlobal('fetch', hub.fetch);
  onTestFinished(() => void vi.unstubAllGlobals());
  ground = new MemoryGround();
  store = new ModelStore(new MemoryTab(ground).ports, { clock: new FakeClock(), now: Date.now, report: nobody });
});

describe('heldSource', () => {
  it('holds a model in the store until it is closed, read or not', async () => {
    const held = heldSource(optionsOf('hf:o/r/m-Q8_0.gguf'), { store, onWatched: nobody });
    expect(await readAll(await held.source.open(signal))).toBe(whole.length);
    await expect(store.delete(hash)).rejects.toMatchObject({ code: 'busy' });
    held.close();
    const again = heldSource(optionsOf(`sha256:${hash.toUpperCase()}`), { store, onWatched: nobody });
    const { stream } = await again.source.open(signal);
    await expect(store.delete(hash)).rejects.toMatchObject({ code: 'busy' });
    await stream.cancel('enough');
    again.close();
    expect(ground.locks.heldNames).toEqual([]);
    expect(await store.delete(hash)).toBe(true);
  });

  it('opens the same file again without the listing, as after the loss of a device', async () => {
    const held = heldSource(optionsOf('hf:o/r:Q8_0'), { store, onWatched: nobody });
    await readAll(await held.source.open(signal));
    hub.requests.length = 0;
    expect(await readAll(await held.source.open(signal))).toBe(whole.length);
    expect(hub.requests).toEqual([]);
    expect(held.files).toHaveLength(1);
    held.close();
    expect(ground.locks.heldNames).toEqual([]);
  });

  it('reads what is kept and keeps nothing, where only the header is wanted', async () => {
    const header = () => heldSource(optionsOf('hf:o/r/m-Q8_0.gguf'), { store, keep: false, onWatched: nobody });
    await (await header().source.open(signal)).stream.cancel('enough');
    expect(ground.files.size).toBe(0);
    const held = heldSource(optionsOf('hf:o/r/m-Q8_0.gguf'), { store, onWatched: nobody });
    await readAll(await held.source.open(signal));
    hub.requests.length = 0;
    await (await header().source.open(signal)).stream.cancel('enough');
    expect(hub.requests).toEqual([]);
  });

  it('asks for no more than it reads of, where only the header is wanted', async () => {
    const server = Object.assign(new ScriptedServer(new Uint8Array(9 * MIB)), { chunkBytes: MIB / 16 });
    vi.stubGlobal('fetch', server.fetch);
    const use = { store, keep: false, isForHeader: true, onWatched: nobody };
    const { stream } = await heldSource(optionsOf('https://host/m.gguf'), use).source.open(signal);
    for (let left = 1.5 * MIB; left > 0; left -= (await stream.read())?.length ?? left);
    await stream.cancel('enough');
    expect(server.requests.map((request) => request.get('range'))).toEqual([
      'bytes=0-1048575',
      'bytes=1048576-3145727',
    ]);
    expect(server.sentBytes).toBeLessThan(2 * MIB);
  });

  it('says what no store means: a note where something was to be kept, an error where it was to be there', async () => {
    const use = { store: null, isMissed: true, onWatched: nobody };
    const opened = await heldSource(optionsOf('hf:o/r/m-Q8_0.gguf'), use).source.open(signal);
    expect(opened.notes).toEqual([expect.stringContaining('downloaded again next time')]);
    expect(() => heldSource(optionsOf(`sha256:${hash}`), use)).toThrow(/keeps no models for this page/);
  });

  it('opens a split model of the store by the hash of its parts, in whatever order they came, and asks nobody', async () => {
    const parts = splitGguf(whole, 2);
    const sha256 = await splitIdentity(parts.map(sha256Of));
    hub = new FakeHub('o/r', new Map(parts.map((bytes, i) => [`m-0000${i + 1}-of-00002.gguf`, bytes])));
    vi.stubGlobal('fetch', hub.fetch);
    const named = () => heldSource(optionsOf(`sha256:${sha256.toUpperCase()}`), { store, onWatched: nobody });
    await expect(named().source.open(signal)).rejects.toMatchObject({ code: 'invalid-request', param: 'model' });
    const held = heldSource(optionsOf('hf:o/r/m-00002-of-00002.gguf'), { store, onWatched: nobody });
    const mergedBytes = await readAll(await held.source.open(signal));
    held.close();
    hub.requests.length = 0;
    const again = named();
    for (let times = 0; times < 2; times += 1) {
      const opened = await again.source.open(signal);
      expect([await readAll(opened), opened.digest?.()]).toEqual([mergedBytes, sha256]);
    }
    for (const bytes of parts) await expect(store.delete(sha256Of(bytes))).rejects.toMatchObject({ code: 'busy' });
    again.close();
    expect(ground.locks.heldNames).toEqual([]);
    expect(await store.delete(sha256Of(parts[1] ?? whole))).toBe(true);
    await expect(named().source.open(signal)).rejects.toMatchObject({ code: 'invalid-request', param: 'model' });
    expect(hub.requests).toEqual([]);
  });
});
