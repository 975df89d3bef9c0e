import { afterEach, expect } from 'vitest';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { collectGpuErrors } from '../kernels/gpu-errors';
import { shareDevice } from '../support/shared-device';
import { fetchZoo as readModel } from './fetch-zoo';
import { describeSplits } from './split-suite';
import { describeAgreement, describeZoo, IN_BYTES, type ZooOptions } from './zoo-suite';

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

const plain = shareDevice(() => createWebGpuDevice(navigator.gpu, { features: [] }));
const full = shareDevice(() => createWebGpuDevice(navigator.gpu));

/** Each row alone: batches have a suite of their own, and their pipelines take most of a load. */
const ALONE = { batch: [1] } as const;

/** Architectures that differ by more than numbers from those of the other lists. test/long has the whole zoo, and so has the CPU. */
const MODELS = ['llama', 'phi3', 'gemma3', 'gpt-oss', 'quant-Q4_K_M'];

/** Models that meet every kernel of subgroups between them: what differs otherwise is data. */
const SAMPLE = ['gemma2', 'qwen3moe'];
const F16_SAMPLE = ['qwen3'];

/** With bands, and of experts; the CPU splits all kinds. */
const SPLIT_SAMPLE = ['phi3', 'gpt-oss'];

/** Heads of 32, and of 64 with windows. */
const Q8_MODELS = ['llama', 'gemma3'];

describeZoo('webgpu, no features', MODELS, plain, readModel, {
  variants: { matvec: 'rows', matmul: 'rows', ...ALONE },
  kvType: 'f32',
  chunkTokens: 7,
});
describeZoo('webgpu, lanes and tiles', ['mixtral', 'quant-Q8_0'], full, readModel, {
  variants: { matvec: 'lanes', matmul: 'tile' },
  kvType: 'f32',
  chunkTokens: 64,
});
describeZoo('webgpu, subgroups', SAMPLE, full, readModel, {
  variants: { matvec: 'subgroup', matmul: 'rows', ...ALONE },
  kvType: 'f32',
  chunkTokens: 16,
});
describeZoo('webgpu, subgroups, f16 KV', F16_SAMPLE, full, readModel, {
  variants: { matvec: 'subgroup', matmul: 'rows', ...ALONE },
  kvType: 'f16',
  chunkTokens: 16,
});
const Q8_KV: ZooOptions = { variants: { matvec: 'rows', matmul: 'rows', ...ALONE }, kvType: 'q8_0', chunkTokens: 7 };
describeZoo('webgpu, q8_0 KV', Q8_MODELS, full, readModel, Q8_KV);
describeAgreement(
  'webgpu and reference, q8_0 KV',
  ['gemma3'],
  [full, async () => createReferenceDevice()],
  readModel,
  Q8_KV,
);
describeAgreement(
  'webgpu and reference, activations in bytes',
  ['quant-Q4_K_M'],
  [full, async () => createReferenceDevice()],
  readModel,
  { variants: IN_BYTES, kvType: 'f32', rounded: 'int8', chunkTokens: 7 },
);
describeSplits('webgpu, rows', SPLIT_SAMPLE, full, readModel, {
  variants: { matvec: 'rows', matmul: 'rows', ...ALONE },
  chunkTokens: 7,
});
describeSplits('webgpu, subgroups and tiles', ['quant-Q8_0'], full, readModel, {
  variants: { matvec: 'subgroup', matmul: 'tile', ...ALONE },
  chunkTokens: 16,
});
