import { afterEach, describe, expect, it } from 'vitest';
import { systemClock as clock } from '../../base/system-clock';
import { ModelStore } from '../model-store';
import { opfsStorePorts } from './opfs-store';
import type { OpfsReply, OpfsRequest } from './testing/opfs-worker';

const bytes = Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 7 + (index >> 9)) & 0xff);
const workers: Worker[] = [];

/** A tab's worker, which can be ended like a tab. */
function startWorker(): { worker: Worker; ask: (request: OpfsRequest) => Promise<unknown> } {
  const worker = new Worker(new URL('testing/opfs-worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  const ask = (request: OpfsRequest): Promise<unknown> =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<OpfsReply>) =>
        'error' in data ? reject(new Error(data.error)) : resolve(data.ok);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(request);
    });
  return { worker, ask };
}

function openStore(): ModelStore {
  return new ModelStore(opfsStorePorts(clock), {
    clock,
    now: Date.now,
    report: (error) => expect.unreachable(String(error)),
  });
}

async function sha256Of(buffer: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', buffer));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const pull = { do: 'pull', bytes, stopAfterBytes: Number.POSITIVE_INFINITY, withoutMove: false } as const;

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.terminate();
  const store = openStore();
  for (const entry of await store.list()) {
    if ('address' in entry) await store.discard(entry.address);
    if ('sha256' in entry) await store.delete(entry.sha256);
  }
});

describe("the origin's store", () => {
  it.each([false, true])(
    'keeps a model, goes on with one, gives it out and removes it (without move: %s)',
    async (withoutMove) => {
      const hash = await sha256Of(bytes.buffer);
      expect(await startWorker().ask({ ...pull, stopAfterBytes: 400_000, withoutMove })).toEqual({
        received: 400_000,
        ranges: ['all'],
      });
      expect(await openStore().list()).toMatchObject([
        { state: 'partial', receivedBytes: 400_000, sizeBytes: 1_000_000 },
      ]);
      const again = await startWorker().ask({ ...pull, withoutMove });
      expect(again).toEqual({ received: 1_000_000, ranges: ['bytes=400000-'] });
      expect(await startWorker().ask({ ...pull, withoutMove })).toEqual({ received: 1_000_000, ranges: [] });
      const store = openStore();
      expect(await store.list()).toMatchObject([{ state: 'ok', sha256: hash, sizeBytes: 1_000_000 }]);
      const { stream } = await store.export(hash, new AbortController().signal);
      expect(await sha256Of(await new Response(stream).arrayBuffer())).toBe(hash);
      expect(await store.totalBytes()).toBe(1_000_000);
      expect(await store.delete(hash)).toBe(true);
      expect(await store.totalBytes()).toBe(0);
    },
  );

  it('removes no model that a worker has loaded, until that is gone', async () => {
    const hash = await sha256Of(bytes.buffer);
    const { worker, ask } = startWorker();
    await ask(pull);
    await ask({ do: 'hold', sha256: hash });
    await expect(openStore().delete(hash)).rejects.toMatchObject({ code: 'busy' });
    worker.terminate();
    await navigator.locks.request(`forgelight-blob:${hash}`, () => undefined);
    expect(await openStore().delete(hash)).toBe(true);
  });
});
