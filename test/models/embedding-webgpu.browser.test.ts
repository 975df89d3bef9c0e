import { afterEach, expect } from 'vitest';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { collectGpuErrors } from '../kernels/gpu-errors';
import { shareDevice } from '../support/shared-device';
import {
  describeEmbeddings,
  ENCODERS,
  POOLED_DECODERS,
  type EmbeddingFile,
  type EmbeddingReference,
} from './embedding-suite';

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

async function readModel(name: string): Promise<EmbeddingFile> {
  const [model, reference] = await Promise.all([
    fetch(`/fixtures/zoo/${name}.gguf`),
    fetch(`/fixtures/zoo/${name}.json`),
  ]);
  return {
    bytes: new Uint8Array(await model.arrayBuffer()),
    reference: (await reference.json()) as EmbeddingReference,
  };
}

const MODELS = [...ENCODERS, ...POOLED_DECODERS];

describeEmbeddings(
  'webgpu, no features',
  MODELS,
  shareDevice(() => createWebGpuDevice(navigator.gpu, { features: [] })),
  readModel,
  { variants: { matvec: 'rows' }, kvType: 'f32', chunkTokens: 7 },
);
describeEmbeddings(
  'webgpu, subgroups and the widest tile',
  ['minilm', ...POOLED_DECODERS],
  shareDevice(() => createWebGpuDevice(navigator.gpu)),
  readModel,
  {
    variants: { matvec: 'subgroup', chunks: [512] },
    kvType: 'f16',
    chunkTokens: 64,
  },
);
