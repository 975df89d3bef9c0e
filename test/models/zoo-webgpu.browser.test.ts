import { afterEach, expect } from 'vitest';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { collectGpuErrors } from '../kernels/gpu-errors';
import { shareDevice } from '../support/shared-device';
import { describeSplits, SPLIT_MODELS } from './split-suite';
import {
  describeAgreement,
  describeZoo,
  ZOO_FORMATS,
  ZOO_MODELS,
  type ZooFile,
  type ZooOptions,
  type ZooReference,
} from './zoo-suite';

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

const plain = shareDevice(() => createWebGpuDevice(navigator.gpu, { features: [] }));
const full = shareDevice(() => createWebGpuDevice(navigator.gpu));

/** Each row alone: batches have a suite of their own, and their pipelines take most of a load. */
const ALONE = { batch: [1] } as const;

/** Models that meet every kernel between them: what differs otherwise is data. */
const SAMPLE = ['llama', 'smollm2', 'qwen3', 'phi3', 'gemma3', 'gpt-oss', 'quant-Q4_1', 'quant-Q8_0'];

/** What the sample lacks: other architectures and mixed formats. Each format is multiplied by subgroups in the kernels' own tests. */
const OTHERS = ['qwen2', 'gemma2', 'granite', 'qwen3moe', 'mixtral', 'quant-Q4_K_M'];

/** Heads of 32, and of 64 with windows. */
const Q8_MODELS = ['llama', 'gemma3'];

describeZoo('webgpu, no features', [...ZOO_MODELS, ...ZOO_FORMATS], plain, readModel, {
  variants: { matvec: 'rows', matmul: 'rows', ...ALONE },
  kvType: 'f32',
  chunkTokens: 7,
});
describeZoo('webgpu, lanes and tiles', ['llama', 'mixtral', 'quant-Q8_0'], full, readModel, {
  variants: { matvec: 'lanes', matmul: 'tile' },
  kvType: 'f32',
  chunkTokens: 64,
});
describeZoo('webgpu, subgroups', OTHERS, full, readModel, {
  variants: { matvec: 'subgroup', matmul: 'rows', ...ALONE },
  kvType: 'f32',
  chunkTokens: 16,
});
describeZoo('webgpu, subgroups, f16 KV', SAMPLE, full, readModel, {
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
describeSplits('webgpu, rows', SPLIT_MODELS, full, readModel, {
  variants: { matvec: 'rows', matmul: 'rows', ...ALONE },
  chunkTokens: 7,
});
describeSplits('webgpu, subgroups and tiles', ['llama', 'quant-Q8_0'], full, readModel, {
  variants: { matvec: 'subgroup', matmul: 'tile', ...ALONE },
  chunkTokens: 16,
});
