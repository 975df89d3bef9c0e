import { afterEach, expect, it } from 'vitest';
import { describeMachineIn, measureBandwidthIn } from './machine';
import { FakeScope } from './testing/fake-worker';

const scopes: FakeScope[] = [];
const options = { workerUrl: '/worker.js' };

afterEach(() => {
  for (const scope of scopes.splice(0)) scope.worker.terminate();
});

function page(): FakeScope {
  const scope = new FakeScope();
  scopes.push(scope);
  return scope;
}

it('a machine is described by a worker of its own, which ends with the answer', async () => {
  const scope = page();
  const report = {
    adapter: { vendor: 'v', architecture: 'a', device: '', description: '' },
    features: ['subgroups'],
    usedFeatures: ['subgroups'],
    limits: { maxBufferSize: 1 },
    memoryBudgetBytes: 4,
    build: 'b',
    kernels: [],
  };
  scope.host.onDescribe = () => Promise.resolve({ ok: true, value: report });
  expect(await describeMachineIn(scope, options)).toEqual(report);
  expect(scope.host.calls).toEqual(['describeMachine']);
  expect(scope.worker.terminations).toBe(1);
});

it('what the worker says is thrown', async () => {
  await expect(describeMachineIn(page(), options)).rejects.toMatchObject({ code: 'no-adapter' });
  const scope = page();
  scope.hasWebGpu = false;
  await expect(measureBandwidthIn(scope, options)).rejects.toMatchObject({ code: 'no-webgpu' });
});

it('a measurement that is stopped ends its worker', async () => {
  const scope = page();
  const controller = new AbortController();
  scope.host.onMeasure = () => {
    controller.abort();
    return new Promise(() => undefined);
  };
  await expect(measureBandwidthIn(scope, { ...options, signal: controller.signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(scope.worker.terminations).toBe(1);
});
