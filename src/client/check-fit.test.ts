import { afterEach, describe, expect, it } from 'vitest';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import type { FitReport } from '../protocol/fit';
import { checkFit, checkFitIn } from './check-fit';
import { FakeScope } from './testing/fake-worker';

const report: FitReport = {
  verdict: 'fits',
  sizeBytes: 1,
  weightBytes: 2,
  kvBytes: 3,
  scratchBytes: 4,
  contextLength: 5,
  largestContextLength: 6,
  memoryBudgetBytes: 7,
  reason: 'It fits.',
};
const scopes: FakeScope[] = [];

afterEach(() => {
  for (const scope of scopes.splice(0)) scope.worker.terminate();
});

function page(): FakeScope {
  const scope = new FakeScope();
  scopes.push(scope);
  return scope;
}

const parse = (options: Record<string, unknown> = {}) =>
  parseEngineOptions({ model: '/x.gguf', workerUrl: '/worker.js', ...options });

describe('checkFit', () => {
  it('asks a worker of its own, and ends it', async () => {
    const scope = page();
    const asked: unknown[] = [];
    scope.host.onCheckFit = (options, budget) => {
      asked.push([options.model, options.contextLength, budget]);
      return Promise.resolve({ ok: true, value: report });
    };
    expect(await checkFitIn(scope, parse({ contextLength: 64 }), 99)).toEqual(report);
    expect(asked).toEqual([['https://page.example/x.gguf', 64, 99]]);
    expect(scope.host.calls).toEqual(['checkFit']);
    expect(scope.worker.terminations).toBe(1);
  });

  it('throws the error of the worker, and ends it', async () => {
    const scope = page();
    await expect(checkFitIn(scope, parse(), null)).rejects.toMatchObject({ name: 'ForgelightError', code: 'network' });
    expect(scope.worker.terminations).toBe(1);
  });

  it('ends with the signal, and with the worker', async () => {
    const scope = page();
    const controller = new AbortController();
    scope.host.onCheckFit = () => {
      controller.abort();
      return new Promise(() => undefined);
    };
    const aborted = checkFitIn(scope, parse({ signal: controller.signal }), null);
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    expect(scope.worker.terminations).toBe(1);
    const broken = page();
    broken.host.onCheckFit = () => {
      broken.worker.fail('out of luck');
      return new Promise(() => undefined);
    };
    await expect(checkFitIn(broken, parse(), null)).rejects.toMatchObject({ code: 'closed' });
    expect(broken.worker.terminations).toBe(1);
  });

  it('validates before anything else', async () => {
    await expect(checkFit('')).rejects.toMatchObject({ code: 'invalid-request', param: 'model' });
    for (const memoryBudgetBytes of [0, -1, Number.NaN, Infinity]) {
      await expect(checkFit('hf:a/b/x.gguf', { memoryBudgetBytes })).rejects.toMatchObject({
        param: 'memoryBudgetBytes',
      });
    }
    await expect(checkFit('hf:a/b/x.gguf', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await expect(checkFitIn(Object.assign(page(), { hasWebGpu: false }), parse(), null)).rejects.toMatchObject({
      code: 'no-webgpu',
    });
  });
});
