import { afterEach, expect } from 'vitest';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { collectGpuErrors } from '../kernels/gpu-errors';
import { shareDevice } from '../support/shared-device';
import { fetchZoo as readModel } from './fetch-zoo';
import { describeLongTexts } from './long-text-suite';
import { describeSplits } from './split-suite';
import { describeAgreement, describeZoo, type ZooOptions } from './zoo-suite';

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

const plain = shareDevice(() => createWebGpuDevice(navigator.gpu, { features: [] }));
const full = shareDevice(() => createWebGpuDevice(navigator.gpu));

/** Each row alone: batches have a suite of their own, and their pipelines take most of a load. */
const ALONE = { batch: [1] } as const;

// One model or two for each way to run: with no features, with a GPU's tiles, with subgroups, a cache of bytes, split matrices. test/long has the whole zoo, and
// so have the CPU and the simulated AMD GPU; the kernels have a suite of their own.
const Q8_KV: ZooOptions = { variants: { matvec: 'rows', ...ALONE }, kvType: 'q8_0', chunkTokens: 7 };

describeZoo('webgpu, no features', ['phi3', 'gpt-oss'], plain, readModel, {
  variants: { matvec: 'rows', ...ALONE },
  kvType: 'f32',
  chunkTokens: 7,
});
describeZoo('webgpu, lanes and a GPU’s tiles', ['quant-Q8_0'], full, readModel, {
  variants: { matvec: 'lanes', chunks: [64, 256, 512] },
  kvType: 'f32',
  chunkTokens: 64,
});
describeZoo('webgpu, subgroups, f16 KV', ['gemma2'], full, readModel, {
  variants: { matvec: 'subgroup', ...ALONE },
  kvType: 'f16',
  chunkTokens: 16,
});
describeAgreement(
  'webgpu and reference, q8_0 KV',
  ['gemma3'],
  [full, async () => createReferenceDevice()],
  readModel,
  Q8_KV,
);
describeSplits('webgpu, rows', ['phi3'], full, readModel, {
  variants: { matvec: 'rows', ...ALONE },
  chunkTokens: 7,
});
describeLongTexts('webgpu', { name: 'llama', layers: 2 }, full, readModel, {
  variants: { matvec: 'rows', ...ALONE },
});
