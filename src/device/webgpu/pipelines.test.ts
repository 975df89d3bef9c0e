import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RecordingDevice } from '../../../test/support/recording-device';
import { argmax } from '../../kernels/candidates';
import { matmul } from '../../kernels/matmul';
import { matvec } from '../../kernels/matvec';
import { softcap } from '../../kernels/softcap';
import { Q4_1 } from '../../quant/q4_1';
import type { Dispatch } from '../plan';
import { PipelineCache } from './pipelines';

beforeEach(() => {
  vi.stubGlobal('GPUShaderStage', { COMPUTE: 4 });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A device that makes pipelines when it is told to, and never while somebody waits. */
function setUp(sharesReads = false) {
  const asked: string[] = [];
  const finish: (() => void)[] = [];
  const layouts: string[] = [];
  const codes: string[] = [];
  const device = {
    createBindGroupLayout: ({ label = '' }: GPUBindGroupLayoutDescriptor) => (layouts.push(label), { label }),
    createPipelineLayout: () => ({}),
    createShaderModule: ({ code }: GPUShaderModuleDescriptor) => (codes.push(code), {}),
    createComputePipelineAsync: ({ label = '' }: GPUComputePipelineDescriptor) =>
      new Promise((resolve) => {
        asked.push(label);
        finish.push(() => resolve({ label }));
      }),
    createComputePipeline: () => {
      throw new Error('a page would stand still');
    },
  };
  return { asked, finish, layouts, codes, cache: new PipelineCache(device as unknown as GPUDevice, sharesReads) };
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

it.each([false, true])(
  'threads read for each other in kernels that let them, and where they may: %s',
  (sharesReads) => {
    const { codes, cache } = setUp(sharesReads);
    const device = new RecordingDevice();
    const buffer = device.createBuffer('any', 4);
    const linear = {
      weights: { buffer, format: Q4_1, rows: 64, columns: 64 },
      x: buffer,
      y: buffer,
      yStride: 64,
    } as const;
    for (const variant of ['rows', 'lanes'] as const) void cache.get(matvec({ ...linear, epilogue: 'store', variant }));
    for (const width of [16, 64] as const) void cache.get(matmul({ ...linear, epilogue: 'store', width }));
    expect(codes.map((code) => code.includes('quadBroadcast('))).toEqual([sharesReads, false, sharesReads, false]);
    // WGSL has directives before all else.
    expect(codes.map((code) => code.startsWith('enable subgroups;\n'))).toEqual([
      sharesReads,
      false,
      sharesReads,
      false,
    ]);
    expect(codes.flatMap((code) => code.match(/^enable /gm) ?? [])).toHaveLength(sharesReads ? 2 : 0);
  },
);
