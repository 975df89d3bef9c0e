import { afterEach, describe, expect, it, vi } from 'vitest';
import { startWorker } from './start-worker';
import { FakeScope } from './testing/fake-worker';
import { rejection } from './testing/rejection';

const options = { url: '/lib/worker.js', signal: null, timeoutMs: 1000 };

afterEach(() => {
  vi.useRealTimers();
});

describe('startWorker', () => {
  it.each([
    ['/lib/worker.js', 'https://page.example/lib/worker.js'],
    ['worker.js', 'https://page.example/chat/worker.js'],
    ['blob:https://page.example/7', 'blob:https://page.example/7'],
  ])('starts %s of the same origin directly', async (url, started) => {
    const scope = new FakeScope();
    expect(await startWorker({ ...options, url }, scope)).toEqual({ worker: scope.worker, lock: 'lock of the worker' });
    expect(scope.started).toEqual([started]);
    expect(scope.scripts).toEqual([]);
    expect(scope.worker.terminations).toBe(0);
  });

  it('starts one of another origin through a blob that imports it statically', async () => {
    const scope = new FakeScope();
    await startWorker({ ...options, url: new URL('https://cdn.example/a"b/worker.js') }, scope);
    expect(scope.scripts).toEqual(['import "https://cdn.example/a%22b/worker.js";']);
    expect(scope.started).toEqual(['blob:https://page.example/1']);
    expect(scope.revoked).toEqual(['blob:https://page.example/1']);
  });

  it('takes no other message for the ready one', async () => {
    const scope = new FakeScope();
    scope.onCreate = (worker) =>
      queueMicrotask(() => {
        worker.dispatchEvent(new MessageEvent('message', { data: 'hello' }));
        worker.fail('and then it broke');
      });
    await expect(startWorker(options, scope)).rejects.toMatchObject({
      message: expect.stringContaining('and then it broke'),
    });
  });

  it.each([
    [
      'throws',
      (scope: FakeScope) =>
        (scope.createWorker = () => {
          throw new TypeError('policy forbids it');
        }),
      'policy forbids it',
      0,
    ],
    [
      'does not load',
      (scope: FakeScope) => (scope.onCreate = (worker) => queueMicrotask(() => worker.fail(''))),
      'did not load',
      1,
    ],
    [
      'fails',
      (scope: FakeScope) => (scope.onCreate = (worker) => queueMicrotask(() => worker.fail('x is not defined'))),
      'x is not',
      1,
    ],
  ])('says what to set when it %s', async (_name, arrange, words, terminations) => {
    const scope = new FakeScope();
    arrange(scope);
    await expect(startWorker({ ...options, url: 'https://cdn.example/worker.js' }, scope)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(new RegExp(`https://cdn.example/worker.js: .*${words}.*workerUrl`)),
    });
    expect(scope.worker.terminations).toBe(terminations);
    expect(scope.revoked).toHaveLength(1);
  });

  it('gives up after the timeout', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const scope = new FakeScope();
    scope.onCreate = () => undefined;
    const starting = rejection(startWorker(options, scope));
    vi.advanceTimersByTime(1000);
    expect(await starting).toMatchObject({
      code: 'network',
      message: expect.stringContaining('within 1000 ms'),
    });
    expect(scope.worker.terminations).toBe(1);
  });

  it('can be aborted before and while it starts', async () => {
    const before = new FakeScope();
    await expect(startWorker({ ...options, signal: AbortSignal.abort() }, before)).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(before.started).toEqual([]);

    const scope = new FakeScope();
    scope.onCreate = () => undefined;
    const controller = new AbortController();
    const starting = rejection(startWorker({ ...options, signal: controller.signal }, scope));
    controller.abort();
    expect(await starting).toMatchObject({
      name: 'AbortError',
    });
    expect(scope.worker.terminations).toBe(1);
  });
});
