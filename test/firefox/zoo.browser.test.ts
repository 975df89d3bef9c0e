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

// Both shapes of matvec and of matmul that Firefox can choose, and experts.
describeZoo('Firefox, rows, f32 in the cache', ['phi3', 'gpt-oss'], full, readModel, {
  variants: { matvec: 'rows', matmul: 'rows', ...ALONE },
  kvType: 'f32',
  chunkTokens: 7,
});
describeZoo('Firefox, lanes and tiles, f16 in the cache', ['gemma2', 'quant-Q8_0'], full, readModel, {
  variants: { matvec: 'lanes', matmul: 'tile', ...ALONE },
  kvType: 'f16',
  chunkTokens: 64,
});
