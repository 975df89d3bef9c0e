import { afterEach, expect } from 'vitest';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { collectGpuErrors } from '../kernels/gpu-errors';
import { describeZoo, ZOO_FORMATS, ZOO_MODELS, type ZooFile, type ZooReference } from './zoo-suite';

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

async function readModel(name: string): Promise<ZooFile> {
  const [model, reference] = await Promise.all([
    fetch(`/fixtures/zoo/${name}.gguf`),
    fetch(`/fixtures/zoo/${name}.json`),
  ]);
  return { bytes: new Uint8Array(await model.arrayBuffer()), reference: (await reference.json()) as ZooReference };
}

describeZoo(
  'webgpu, row per thread',
  [...ZOO_MODELS, ...ZOO_FORMATS],
  () => createWebGpuDevice(navigator.gpu),
  readModel,
  {
    variants: { matvec: 'rows', matmul: 'rows' },
    kvType: 'f32',
    chunkTokens: 7,
  },
);
describeZoo('webgpu, no features', ZOO_MODELS, () => createWebGpuDevice(navigator.gpu, { features: [] }), readModel, {
  variants: { matvec: 'lanes', matmul: 'tile' },
  kvType: 'f32',
  chunkTokens: 64,
});
describeZoo('webgpu, subgroups, f16 KV', ZOO_MODELS, () => createWebGpuDevice(navigator.gpu), readModel, {
  variants: { matvec: 'subgroup', matmul: 'tile' },
  kvType: 'f16',
  chunkTokens: 16,
});
