import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RecordingDevice } from '../../../test/support/recording-device';
import { argmax } from '../../kernels/candidates';
import { softcap } from '../../kernels/softcap';
import type { Dispatch } from '../plan';
import { PipelineCache } from './pipelines';

beforeEach(() => {
  vi.stubGlobal('GPUShaderStage', { COMPUTE: 4 });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A device that makes pipelines when it is told to, and never while somebody waits. */
function setUp() {
  const asked: string[] = [];
  const finish: (() => void)[] = [];
  const layouts: string[] = [];
  const device = {
    createBindGroupLayout: ({ label = '' }: GPUBindGroupLayoutDescriptor) => (layouts.push(label), { label }),
    createPipelineLayout: () => ({}),
    createShaderModule: () => ({}),
    createComputePipelineAsync: ({ label = '' }: GPUComputePipelineDescriptor) =>
      new Promise((resolve) => {
        asked.push(label);
        finish.push(() => resolve({ label }));
      }),
    createComputePipeline: () => {
      throw new Error('a page would stand still');
    },
  };
  return { asked, finish, layouts, cache: new PipelineCache(device as unknown as GPUDevice) };
}

function dispatches(): readonly Dispatch[] {
  const device = new RecordingDevice();
  const buffer = device.createBuffer('any', 4);
  const best = argmax({ logits: buffer, size: 4, scratch: [buffer, buffer], sampled: buffer }).dispatches;
  return [...best, softcap({ x: buffer, size: 4, cap: 1 }), softcap({ x: buffer, size: 8, cap: 2 })];
}

it('pipelines are made asynchronously, side by side, and each once', async () => {
  const { asked, finish, layouts, cache } = setUp();
  const made = Promise.all(dispatches().map((dispatch) => cache.get(dispatch)));
  await Promise.resolve();
  // Asked for before any is there; what differs in its parameters alone is the same.
  expect(asked).toEqual(['argmax', 'softcap']);
  expect(cache.created).toBe(2);
  for (const done of finish) done();
  expect((await made).map(({ pipeline }) => pipeline.label)).toEqual(['argmax', 'softcap', 'softcap']);
  await Promise.all(dispatches().map((dispatch) => cache.get(dispatch)));
  expect([asked.length, cache.created]).toEqual([2, 2]);
  // The softcap of other sizes is bound alike.
  expect(layouts).toHaveLength(2);
});
