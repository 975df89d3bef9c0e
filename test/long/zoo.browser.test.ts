import { afterEach, expect } from 'vitest';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { collectGpuErrors } from '../kernels/gpu-errors';
import { fetchZoo } from '../models/fetch-zoo';
import { describeSplits, SPLIT_MODELS } from '../models/split-suite';
import { describeAgreement, describeZoo, IN_BYTES, ZOO_FORMATS, ZOO_MODELS } from '../models/zoo-suite';
import { shareDevice } from '../support/shared-device';

// The whole zoo on WebGPU: the usual run has a sample of it, and all of it on the CPU.

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

const ZOO = [...ZOO_MODELS, ...ZOO_FORMATS];
const plain = shareDevice(() => createWebGpuDevice(navigator.gpu, { features: [] }));
const full = shareDevice(() => createWebGpuDevice(navigator.gpu));

describeZoo('webgpu, no features', ZOO, plain, fetchZoo, {
  variants: { matvec: 'rows' },
  kvType: 'f32',
  chunkTokens: 7,
});
describeZoo('webgpu, subgroups', ZOO, full, fetchZoo, {
  variants: { matvec: 'subgroup' },
  kvType: 'f32',
  chunkTokens: 16,
});
describeZoo('webgpu, lanes and the widest tile', ['mixtral'], full, fetchZoo, {
  variants: { matvec: 'lanes', chunks: [512] },
  kvType: 'f32',
  chunkTokens: 64,
});
describeZoo('webgpu, subgroups, f16 KV', ['qwen3', 'qwen3moe'], full, fetchZoo, {
  variants: { matvec: 'subgroup' },
  kvType: 'f16',
  chunkTokens: 16,
});
describeZoo('webgpu, q8_0 KV', ['llama', 'gemma3'], full, fetchZoo, {
  variants: { matvec: 'rows' },
  kvType: 'q8_0',
  chunkTokens: 7,
});
describeAgreement(
  'webgpu and reference, activations in bytes',
  ['quant-Q4_K_M'],
  [full, async () => createReferenceDevice()],
  fetchZoo,
  { variants: IN_BYTES, kvType: 'f32', rounded: 'int8', chunkTokens: 7 },
);
describeSplits('webgpu', SPLIT_MODELS, full, fetchZoo, {
  variants: { matvec: 'subgroup' },
  chunkTokens: 7,
});
