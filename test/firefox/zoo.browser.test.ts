import { afterEach, expect } from 'vitest';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { collectGpuErrors } from '../kernels/gpu-errors';
import { fetchZoo as readModel } from '../models/fetch-zoo';
import { describeZoo } from '../models/zoo-suite';
import { shareDevice } from '../support/shared-device';

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

const full = shareDevice(() => createWebGpuDevice(navigator.gpu));

/** Each row alone: pipelines of batches take most of a load. */
const ALONE = { batch: [1] } as const;

// Both shapes of matvec that Firefox can choose, narrow and wide tiles, and experts.
describeZoo('Firefox, rows, f32 in the cache', ['phi3', 'gpt-oss'], full, readModel, {
  variants: { matvec: 'rows', ...ALONE },
  kvType: 'f32',
  chunkTokens: 7,
});
describeZoo('Firefox, lanes and the widest tile, f16 in the cache', ['gemma2', 'quant-Q8_0'], full, readModel, {
  variants: { matvec: 'lanes', ...ALONE, chunks: [512] },
  kvType: 'f16',
  chunkTokens: 64,
});
