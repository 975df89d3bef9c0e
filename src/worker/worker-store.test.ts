import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { FakeHub } from '../../test/support/fake-hub';
import { splitGguf } from '../../test/support/split-gguf';
import { ModelStore } from '../store/model-store';
import type { PullProgress } from '../store/store-host';
import { MemoryGround } from '../store/testing/memory-ground';
import { MemoryTab } from '../store/testing/memory-tab';
import { sha256Of } from '../store/testing/visits';
import { readFileSync } from 'node:fs';
import { WorkerStore } from './worker-store';

const whole = new Uint8Array(readFileSync('test/fixtures/zoo/llama.gguf'));
const parts = splitGguf(whole, 2) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
const hashes = parts.map(sha256Of);
const HUB = 'https://huggingface.co/o/r/resolve/main';
const never = (): void => undefined;

/** A worker's store, before a hub with a whole model and a split one. `opens`: how often the browser's store was asked for. */
function setup() {
  const hub = new FakeHub(
    'o/r',
    new Map([
      ['m-Q8_0.gguf', whole],
      ['m-Q4_0-00001-of-00002.gguf', parts[0]],
      ['m-Q4_0-00002-of-00002.gguf', parts[1]],
    ]),
  );
  vi.stubGlobal('fetch', hub.fetch);
  onTestFinished(() => void vi.unstubAllGlobals());
  const ground = new MemoryGround();
  const browser = { opens: 0, isThere: true };
  const host = new WorkerStore((persist) => {
    browser.opens += 1;
    if (!browser.isThere) return Promise.resolve(null);
    const { ports } = new MemoryTab(ground);
    const space = { ...ports.space, persist: async () => (persist(), true) };
    const options = { clock: new FakeClock(), now: Date.now, report: never };
    return Promise.resolve(new ModelStore({ ...ports, space }, options));
  });
  return { hub, ground, browser, host };
}

describe('the store of a worker', () => {
  it('pulls a model, asks once to keep it, and holds nothing afterwards', async () => {
    const { ground, host } = setup();
    const persist = vi.fn<() => void>();
    const seen: PullProgress[] = [];
    const pulled = await host.pull(1, { model: 'hf:o/r/m-Q8_0.gguf' }, (now) => seen.push(now), persist);
    expect(pulled).toEqual({ ok: true, value: [sha256Of(whole)] });
    expect(seen.at(-1)).toEqual({ loaded: whole.length, total: whole.length, resumed: 0 });
    expect(persist).toHaveBeenCalledOnce();
    expect(ground.locks.heldNames).toEqual([]);
    expect(await host.delete(`sha256:${sha256Of(whole).toUpperCase()}`)).toEqual({ ok: true, value: true });
  });

  it('pulls all parts of a split model, and repairs one of them alone', async () => {
    const { hub, ground, host } = setup();
    const pulled = await host.pull(1, { model: 'hf:o/r/m-Q4_0-00001-of-00002.gguf' }, never, never);
    expect(pulled).toEqual({ ok: true, value: hashes });
    ground.files.delete(`blobs/${hashes[1]}.gguf`);
    hub.requests.length = 0;
    expect(await host.repair(2, hashes[1] ?? '')).toMatchObject({ ok: true });
    expect(hub.requests.map(({ url }) => url.href)).toEqual([`${HUB}/m-Q4_0-00002-of-00002.gguf`]);
    expect(await host.list()).toMatchObject({ value: [{ state: 'ok' }, { state: 'ok' }] });
  });

  it('has a quantisation that it was asked for before, also where the hub gives no listing', async () => {
    const { hub, host } = setup();
    const pull = (model: string) => host.pull(1, { model, timeouts: { stallMs: 1000 } }, never, never);
    expect(await pull('hf:o/r:Q8_0')).toMatchObject({ value: [sha256Of(whole)] });
    expect(await pull('hf:o/r:Q4_0')).toMatchObject({ value: hashes });
    hub.requests.length = 0;
    hub.replies.set('/tree/main', () => new Response('', { status: 404 }));
    expect(await pull('hf:o/r:Q8_0')).toMatchObject({ value: [sha256Of(whole)] });
    expect(await pull('hf:o/r:Q4_0')).toMatchObject({ value: hashes });
    expect(hub.requests).toHaveLength(2);
    expect(await pull('hf:o/r:Q5_K')).toMatchObject({ error: { code: 'network' } });
  });

  it('keeps a file of several addresses once, and goes on with it from any of them', async () => {
    const { hub, ground, host } = setup();
    const [first, second] = ['m-Q8_0.gguf', 'mirror/m.gguf'].map((path) => `${HUB}/${path}`) as [string, string];
    const sha256 = sha256Of(whole);
    const half = Math.floor(whole.length / 2);
    const cut = () => {
      const headers = { 'content-length': String(whole.length), etag: '"1"' };
      return new Response(whole.slice(0, half), { headers });
    };
    hub.replies.set('m-Q8_0.gguf', cut);
    const stopped = host.pull(1, { model: first }, ({ loaded }) => loaded > 0 && host.abort(1), never);
    expect(await stopped).toMatchObject({ error: { code: 'aborted' } });
    hub.replies.set('m-Q8_0.gguf', () => new Response('', { status: 404 }));
    hub.replies.set('mirror/m.gguf', () => {
      const range = { 'content-range': `bytes ${half}-${whole.length - 1}/${whole.length}` };
      return new Response(whole.slice(half), { status: 206, headers: range });
    });
    const pulled = await host.pull(2, { model: first, mirrors: [second], sha256 }, never, never);
    expect(pulled).toEqual({ ok: true, value: [sha256] });
    expect([...ground.files.keys()]).toEqual([`blobs/${sha256}.gguf`]);
  });

  it('tells at most ten times a second how far a pull is', async () => {
    const { host } = setup();
    const seen: PullProgress[] = [];
    await host.pull(1, { model: 'hf:o/r/m-Q8_0.gguf' }, (now) => seen.push(now), never);
    seen.length = 0;
    const startMs = performance.now();
    for (let again = 0; again < 5; again += 1) {
      await host.pull(1, { model: 'hf:o/r/m-Q8_0.gguf' }, (now) => seen.push(now), never);
    }
    expect(seen.length).toBeLessThanOrEqual(10 + (performance.now() - startMs) / 100);
  });

  it('looks again where there was no store: a database can be busy', async () => {
    const { browser, host } = setup();
    browser.isThere = false;
    expect(await host.list()).toMatchObject({ ok: false, error: { code: 'invalid-request' } });
    browser.isThere = true;
    expect(await host.list()).toEqual({ ok: true, value: [] });
    await host.usageBytes();
    expect(browser.opens).toBe(2);
  });

  it('says what is no hash, and what cannot be kept', async () => {
    const { host } = setup();
    for (const call of [host.delete('../x'), host.repair(1, 'abc'), host.openExport('sha256:1')]) {
      expect(await call).toMatchObject({ ok: false, error: { code: 'invalid-request', param: 'sha256' } });
    }
    const blob = new Blob(['GGUF']) as unknown as string;
    expect(await host.pull(2, { model: blob }, never, never)).toMatchObject({
      error: { code: 'invalid-request', param: 'model' },
    });
  });

  it('holds a model while it is copied, and lets go at the end, of damaged ones too', async () => {
    const { ground, host } = setup();
    const hash = sha256Of(whole);
    await host.pull(1, { model: 'hf:o/r/m-Q8_0.gguf' }, never, never);
    const copy = async (): Promise<number> => {
      const opened = await host.openExport(hash);
      if (!opened.ok) throw new Error(opened.error.message);
      return opened.value.id;
    };
    const given = await copy();
    expect(await host.readExport(given)).toMatchObject({ ok: true });
    expect(await host.delete(hash)).toMatchObject({ error: { code: 'busy' } });
    await host.closeExport(given);
    expect(await host.readExport(given)).toMatchObject({ error: { code: 'closed' } });
    expect(ground.locks.heldNames).toEqual([]);
    ground.damage('blobs');
    const damaged = await copy();
    let read = await host.readExport(damaged);
    while (read.ok && read.value !== null) read = await host.readExport(damaged);
    expect(read).toMatchObject({ error: { code: 'corrupt-model' } });
    expect(await host.readExport(damaged)).toMatchObject({ error: { code: 'closed' } });
    expect(ground.locks.heldNames).toEqual([]);
  });

  it.each([['m-Q8_0.gguf'], ['m-Q4_0-00001-of-00002.gguf']])(
    'stops a pull of %s that is aborted, and then keeps what came and holds nothing',
    async (name) => {
      const { ground, host } = setup();
      const pulling = host.pull(7, { model: `hf:o/r/${name}` }, () => host.abort(7), never);
      expect(await pulling).toMatchObject({ ok: false, error: { code: 'aborted' } });
      expect(ground.locks.heldNames).toEqual([]);
      const [partial] = [...ground.records.values()];
      expect(partial).toMatchObject({ value: { fileName: name } });
    },
  );
});
