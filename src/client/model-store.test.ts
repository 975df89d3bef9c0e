import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Result } from '../protocol/engine-port';
import type { PullOptions, PullProgress } from '../store/store-host';
import { openModelStoreIn, type ModelStore } from './model-store';
import { FakeScope } from './testing/fake-worker';

const HASH = 'ab'.repeat(32);
const scopes: FakeScope[] = [];

afterEach(() => {
  for (const scope of scopes.splice(0)) scope.worker.terminate();
});

/** A store's worker as a test writes it. */
async function open(host: Record<string, unknown>): Promise<{ store: ModelStore; scope: FakeScope }> {
  const scope = new FakeScope();
  scopes.push(scope);
  Object.assign(scope.host, { store: host });
  return { store: await openModelStoreIn(scope, { workerUrl: '/worker.js' }), scope };
}

type Pull = (
  id: number,
  options: PullOptions,
  onProgress: (progress: PullProgress) => Promise<void>,
  persist: () => Promise<void>,
) => Promise<Result<readonly string[]>>;

describe('openModelStore', () => {
  it('pulls with addresses of this page, and asks the browser to keep what is pulled', async () => {
    const asked: PullOptions[] = [];
    const pull: Pull = async (_, options, onProgress, persist) => {
      asked.push(options);
      await persist();
      await onProgress({ loaded: 1, total: 2, resumed: 0 });
      return { ok: true, value: [HASH] };
    };
    const { store, scope } = await open({ pull });
    const seen: PullProgress[] = [];
    const options = { sha256: HASH, mirrors: ['./b.gguf'], onProgress: (now: PullProgress) => void seen.push(now) };
    expect(await store.pull('/a.gguf', options)).toEqual([HASH]);
    const mirrors = ['https://page.example/chat/b.gguf'];
    expect(asked).toEqual([{ model: 'https://page.example/a.gguf', sha256: HASH, mirrors }]);
    expect([scope.persisted, seen.length]).toEqual([1, 1]);
  });

  it('tells the room that there is, and whether the browser keeps it', async () => {
    const { store } = await open({});
    expect(await store.room()).toEqual({ usageBytes: 240_000_000, quotaBytes: 10_000_000_000, isPersistent: false });
    expect(await store.persist()).toBe(true);
    expect(await store.room()).toMatchObject({ isPersistent: true });
    store.close();
    await expect(store.room()).rejects.toMatchObject({ code: 'closed' });
  });

  it('leaves to the page what its listener throws', async () => {
    const thrown: (() => void)[] = [];
    const later = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((work) => void thrown.push(work));
    const pull: Pull = async (_, _options, onProgress) => {
      await onProgress({ loaded: 1, total: 2, resumed: 0 });
      return { ok: true, value: [HASH] };
    };
    const scope = new FakeScope();
    scope.onCreate = (worker) => void setTimeout(() => worker.sayReady());
    scopes.push(scope);
    Object.assign(scope.host, { store: { pull } });
    const store = await openModelStoreIn(scope, { workerUrl: '/worker.js' });
    const onProgress = (): void => {
      throw new Error('of the page');
    };
    expect(await store.pull('/a.gguf', { onProgress })).toEqual([HASH]);
    later.mockRestore();
    expect(thrown.some((work) => String(attempt(work)).includes('of the page'))).toBe(true);
  });

  it('rejects with an AbortError once the host has put the download in order', async () => {
    let stopped: (result: Result<readonly string[]>) => void = () => undefined;
    const aborted: number[] = [];
    const { store } = await open({
      pull: () => new Promise((resolve) => (stopped = resolve)),
      abort: (id: number) => {
        aborted.push(id);
        stopped({ ok: false, error: { code: 'aborted', message: 'stopped' } });
      },
    });
    const controller = new AbortController();
    const pulling = store.pull('/a.gguf', { signal: controller.signal });
    controller.abort();
    await expect(pulling).rejects.toMatchObject({ name: 'AbortError' });
    expect(aborted).toEqual([1]);
  });

  it('rejects what waits and what comes later when it is closed or its worker has ended, and says what to do', async () => {
    const ends = [
      ({ store }: { store: ModelStore }) => store.close(),
      ({ scope }: { scope: FakeScope }) => scope.waiting.forEach((free) => free()),
      ({ scope }: { scope: FakeScope }) => scope.worker.fail('gone'),
    ];
    for (const end of ends) {
      const opened = await open({ list: () => new Promise(() => undefined) });
      const listing = opened.store.list();
      end(opened);
      const closed = { code: 'closed', message: expect.stringMatching(/store has ended.*openModelStore/) };
      await expect(listing).rejects.toMatchObject(closed);
      await expect(opened.store.delete(HASH)).rejects.toMatchObject(closed);
      expect(opened.scope.worker.terminations).toBe(1);
    }
  });

  it('gives a copy back that is not read to its end', async () => {
    const closed: number[] = [];
    const { store } = await open({
      openExport: () => ({ ok: true, value: { id: 5, sizeBytes: 4, fileName: 'a.gguf' } }),
      readExport: () => ({ ok: true, value: new Uint8Array([1, 2]) }),
      closeExport: (id: number) => void closed.push(id),
    });
    const { stream } = await store.export(HASH);
    const reader = stream.getReader();
    expect(await reader.read()).toMatchObject({ value: new Uint8Array([1, 2]) });
    await reader.cancel();
    expect(closed).toEqual([5]);
  });
});

function attempt(work: () => void): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
