import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import { statsOf } from '../../test/support/stats';
import type { LoadProgress } from '../protocol/progress';
import { ABORT_GRACE_MS, createEngine, createEngineIn } from './create-engine';
import { info } from './testing/fake-host';
import { FakeScope } from './testing/fake-worker';
import { rejection } from './testing/rejection';
import type { EngineOptions } from './types';
import { eventually } from '../../test/support/eventually';

const model = 'https://models.example/x.gguf';
const scopes: FakeScope[] = [];

afterEach(() => {
  vi.useRealTimers();
  for (const scope of scopes.splice(0)) scope.worker.terminate();
});

function page(): FakeScope {
  const scope = new FakeScope();
  scopes.push(scope);
  return scope;
}

const parse = (options: Partial<EngineOptions> = {}) =>
  parseEngineOptions({ model, workerUrl: '/worker.js', ...options });

const progressOf = (phase: LoadProgress['phase'], loaded: number): LoadProgress => ({
  phase,
  loaded,
  total: 10,
  bytesPerSecond: 1,
  etaSeconds: null,
  resumed: 0,
});

describe('createEngine', () => {
  it('validates before anything else', async () => {
    await expect(createEngine({ model: '' })).rejects.toMatchObject({ code: 'invalid-request', param: 'model' });
    await expect(createEngine({ model, maxConcurrent: 0 })).rejects.toMatchObject({ param: 'maxConcurrent' });
    await expect(createEngine({ model, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('says outside of a browser what works there', async () => {
    await expect(createEngine({ model })).rejects.toMatchObject({
      code: 'no-webgpu',
      message: expect.stringContaining('loadTokenizer'),
    });
  });
});

describe('createEngineIn', () => {
  it('loads with progress and gives the engine', async () => {
    const scope = page();
    const seen: LoadProgress[] = [];
    scope.host.onLoad = (options, onProgress) => {
      expect(options).toMatchObject({ model, contextLength: 64, maxConcurrent: 8 });
      onProgress(progressOf('download', 5));
      onProgress(progressOf('ready', 1));
      return Promise.resolve({ ok: true, value: info });
    };
    const engine = await createEngineIn(
      scope,
      parse({ contextLength: 64, onProgress: (progress) => seen.push(progress) }),
    );
    expect(engine.info).toEqual(info);
    await eventually(() => expect(seen).toEqual([progressOf('download', 5), progressOf('ready', 1)]));
    expect(scope.started).toEqual(['https://page.example/worker.js']);
    await engine.close();
    expect(scope.host.calls).toEqual(['load', 'close']);
    expect(scope.worker.terminations).toBe(1);
  });

  it('tells how long its worker took to be there, before the phases of the load', async () => {
    const scope = page();
    scope.onCreate = (worker) =>
      queueMicrotask(() => {
        scope.nowMs += 120;
        worker.sayReady();
      });
    scope.host.onLoad = () => {
      scope.nowMs += 900; // the load's own time, on the worker's clock
      return Promise.resolve({ ok: true, value: info });
    };
    scope.host.onStats = () => Promise.resolve({ ok: true, value: statsOf({ probe: 300, download: 600 }) });
    const engine = await createEngineIn(scope, parse());
    const { loadMs } = await engine.stats();
    expect(Object.entries(loadMs)).toEqual([
      ['start', 120],
      ['probe', 300],
      ['download', 600],
    ]);
    await engine.close();
  });

  it.each([
    ['../x.gguf', 'https://page.example/x.gguf'],
    ['/m/x.gguf', 'https://page.example/m/x.gguf'],
    ['hf:a/b/x.gguf', 'hf:a/b/x.gguf'],
    [model, model],
  ])('tells the worker of model %s as %s', async (given, told) => {
    const scope = page();
    const models: unknown[] = [];
    scope.host.onLoad = (options) => {
      models.push(options.model);
      return Promise.resolve({ ok: true, value: info });
    };
    await createEngineIn(scope, parse({ model: given }));
    expect(models).toEqual([told]);
  });

  it.each([
    ['its reference', '/m/x.gguf'],
    ['its name', info.model.name],
    ['its hash', `sha256:${info.model.sha256}`],
  ])('sends no name of a model where a request gives %s, and any other', async (_, named) => {
    const scope = page();
    const engine = await createEngineIn(scope, parse({ model: '/m/x.gguf' }));
    const call = async (asked: string, make: (body: { model: string }) => Promise<unknown>): Promise<unknown> => {
      const refused = rejection(make({ model: asked }));
      const request = await scope.host.arrival();
      request.refuse('busy', 'enough was seen');
      await refused;
      return JSON.parse(JSON.stringify((request.request as { body: unknown }).body)) as unknown;
    };
    const messages = [{ role: 'user', content: 'hi' }] as const;
    const chat = (body: object): Promise<unknown> => engine.chat.completions.create({ messages, ...body });
    const complete = (body: object): Promise<unknown> => engine.completions.create({ prompt: 'x', ...body });
    const embed = (body: object): Promise<unknown> => engine.embeddings.create({ input: 'x', ...body });
    expect(await call(named, chat)).toEqual({ messages });
    expect(await call(named, complete)).toEqual({ prompt: 'x' });
    expect(await call(named, embed)).toEqual({ input: 'x' });
    expect(await call('other', chat)).toEqual({ messages, model: 'other' });
    expect(await call('other', complete)).toEqual({ prompt: 'x', model: 'other' });
    expect(await call('other', embed)).toEqual({ input: 'x', model: 'other' });
    await engine.close();
  });

  it('tells the worker where mirrors are', async () => {
    const scope = page();
    const mirrors: unknown[] = [];
    scope.host.onLoad = (options) => {
      mirrors.push(options.mirrors);
      return Promise.resolve({ ok: true, value: info });
    };
    await createEngineIn(scope, parse({ mirrors: ['/m/x.gguf', 'hf:a/b/x.gguf'] }));
    expect(mirrors).toEqual([['https://page.example/m/x.gguf', 'hf:a/b/x.gguf']]);
  });

  it.each([
    [true, 'current Chrome'],
    [false, 'https://'],
  ])('names what to do without WebGPU (secure page: %s)', async (isSecure, words) => {
    const scope = Object.assign(page(), { hasWebGpu: false, isSecure });
    await expect(createEngineIn(scope, parse())).rejects.toMatchObject({
      code: 'no-webgpu',
      message: expect.stringContaining(words),
    });
    expect(scope.started).toEqual([]);
  });

  it('restores the error of a failed load and ends the worker', async () => {
    const scope = page();
    scope.host.onLoad = () => Promise.resolve({ ok: false, error: { code: 'bad-gguf', message: 'not a model' } });
    await expect(createEngineIn(scope, parse())).rejects.toMatchObject({ name: 'ForgelightError', code: 'bad-gguf' });
    await eventually(() => expect(scope.worker.terminations).toBe(1));
    expect(scope.host.calls).toEqual(['load']);
  });

  it('aborts a load at once, lets the host put its download in order, and ends the worker', async () => {
    const scope = page();
    const controller = new AbortController();
    let endLoad = (): void => undefined;
    scope.host.onLoad = () =>
      new Promise((resolve) => {
        endLoad = () => resolve({ ok: false, error: { code: 'aborted', message: 'aborted' } });
        controller.abort();
      });
    await expect(createEngineIn(scope, parse({ signal: controller.signal }))).rejects.toMatchObject({
      name: 'AbortError',
    });
    await eventually(() => expect(scope.host.calls).toEqual(['load', 'abortLoad']));
    expect(scope.worker.terminations).toBe(0);
    endLoad();
    await eventually(() => expect(scope.worker.terminations).toBe(1));
  });

  it('ends the worker of an aborted load that does not end by itself', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const scope = page();
    const controller = new AbortController();
    scope.host.onLoad = () => {
      controller.abort();
      return new Promise(() => undefined);
    };
    await expect(createEngineIn(scope, parse({ signal: controller.signal }))).rejects.toMatchObject({
      name: 'AbortError',
    });
    vi.advanceTimersByTime(ABORT_GRACE_MS);
    expect(scope.worker.terminations).toBe(1);
  });

  it('rejects everything when the worker breaks', async () => {
    const scope = page();
    const engine = await createEngineIn(scope, parse());
    const creating = rejection(engine.completions.create({ prompt: 'a' }));
    await scope.host.arrival();
    scope.worker.fail('out of luck');
    expect(await creating).toMatchObject({
      code: 'closed',
      message: expect.stringContaining('out of luck'),
    });
    await expect(engine.tokenize('a')).rejects.toMatchObject({ code: 'closed' });
    expect(scope.worker.terminations).toBe(1);
    await engine.close();
    expect(scope.host.calls).toEqual(['load']);
  });

  it.each([
    ['its worker is gone', (scope: FakeScope) => scope.waiting.get('lock of the worker')?.(), 'its worker has ended'],
    ['its page is left', (scope: FakeScope) => scope.leaving.forEach((leave) => leave()), 'its page was left'],
  ])('ends the worker and tells whoever waits when %s, also during the load', async (_name, happen, words) => {
    const closed = { code: 'closed', message: expect.stringContaining(words) };
    const scope = page();
    const engine = await createEngineIn(scope, parse());
    const creating = rejection(engine.completions.create({ prompt: 'a' }));
    await scope.host.arrival();
    expect(scope.worker.terminations).toBe(0);
    happen(scope);
    expect(await creating).toMatchObject(closed);
    await expect(engine.tokenize('a')).rejects.toMatchObject(closed);
    expect(scope.worker.terminations).toBe(1);

    const loading = page();
    loading.host.onLoad = () => {
      happen(loading);
      return new Promise(() => undefined);
    };
    await expect(createEngineIn(loading, parse())).rejects.toMatchObject(closed);
    expect(loading.worker.terminations).toBeGreaterThan(0);
  });

  it('minds the page no longer once it is closed', async () => {
    const scope = page();
    const engine = await createEngineIn(scope, parse());
    expect(scope.leaving.size).toBe(1);
    await engine.close();
    expect(scope.leaving.size).toBe(0);
  });

  it('rejects the load when the worker breaks during it', async () => {
    const scope = page();
    scope.host.onLoad = () => {
      scope.worker.fail('bad luck');
      return new Promise(() => undefined);
    };
    await expect(createEngineIn(scope, parse())).rejects.toMatchObject({ code: 'closed' });
    expect(scope.worker.terminations).toBeGreaterThan(0);
  });
});
