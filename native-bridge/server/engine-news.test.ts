import { describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import type { EngineEvent } from '../../src/protocol/engine-events';
import { FAKE_INFO, FAKE_SHA256, FakeBackend } from '../testing/fake-backend';
import type { LentEngine } from './backend';
import { engineNews, isLoaded } from './engine-news';
import { eventually } from '../../test/support/eventually';

const MODEL = `sha256:${FAKE_SHA256}`;
const state = (name: string): object => ({ type: 'state', state: name });

/** Who listens to a model of a fake backend, and a model that is loaded or not as the test says. */
function setUp() {
  const backend = new FakeBackend();
  const clock = new FakeClock();
  const leaving = new AbortController();
  const there = { now: true };
  const lend = vi.fn<() => Promise<LentEngine>>(() => backend.engine(MODEL, { signal: leaving.signal, asks: 'page' }));
  const { signal } = leaving;
  const news = engineNews({ isThere: async () => there.now, lend, backend, clock, signal });
  const next = async (): Promise<EngineEvent | undefined> => (await news.next()).value as EngineEvent | undefined;
  const tell = (event: EngineEvent): void => backend.watchers.at(-1)?.postMessage(event);
  return { backend, clock, leaving, there, lend, next, tell };
}

describe('news of a model', () => {
  it('begin with how it is, and tell its device’s end and return, and no requests', async () => {
    const { next, tell } = setUp();
    expect(await next()).toMatchObject(state('ready'));
    tell({ type: 'request', requestId: 1 as never, state: 'queued' });
    tell({ type: 'lost' });
    tell({ type: 'restored', info: FAKE_INFO, sameAnswers: true });
    expect([await next(), (await next())?.type]).toEqual([{ type: 'lost' }, 'restored']);
  });

  it('say that it was taken off the device, load nothing, and say when it is there again', async () => {
    const { clock, there, lend, next, tell } = setUp();
    await next();
    there.now = false;
    tell({ type: 'state', state: 'closed', retryAtMs: null, error: null });
    expect(await next()).toEqual({ type: 'unloaded' });
    const again = next();
    await eventually(() => expect(clock.waiting).toBe(1));
    clock.advance(1_000);
    await eventually(() => expect(clock.waiting).toBe(1));
    expect(lend).toHaveBeenCalledTimes(1);
    there.now = true;
    clock.advance(1_000);
    expect(await again).toMatchObject(state('ready'));
  });

  it.each([
    [{ status: 'restarting', model: 'm', attempt: 1 }, state('loading')],
    [{ status: 'idle' }, { type: 'unloaded' }],
  ] as const)('of a backend that is %j begin with %j', async (current, event) => {
    const { backend, there, next } = setUp();
    there.now = false;
    backend.current = current;
    expect(await next()).toMatchObject(event);
  });

  it('end with whoever listens, also where nothing is told', async () => {
    const { backend, leaving, next } = setUp();
    await next();
    const waiting = next();
    leaving.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    const port = backend.watchers[0];
    const closed = new Promise((resolve) => port?.addEventListener('close', resolve));
    port?.start();
    await closed;
  });
});

it('a model is there when it is loaded and answers, by its hash or its listed name', async () => {
  const backend = new FakeBackend();
  const names = [MODEL, 'fake.gguf', `sha256:${'0'.repeat(64)}`, 'sha256:'];
  expect(await Promise.all(names.map((name) => isLoaded(backend, name)))).toEqual([true, true, false, false]);
  backend.current = { status: 'restarting', model: 'fake.gguf', attempt: 1 };
  expect(await isLoaded(backend, MODEL)).toBe(false);
});
