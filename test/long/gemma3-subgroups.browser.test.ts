import { afterEach, expect } from 'vitest';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { collectGpuErrors } from '../kernels/gpu-errors';
import { fetchRealModel } from '../models/fetch-real-model';
import { GEMMA3 } from '../models/real-model';
import { describeRealModel } from '../models/real-model-suite';

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

// Few heads: a software adapter takes many seconds for one in this shape.
describeRealModel(
  'Gemma 3 270M Q4_K_M on WebGPU with subgroups',
  () => fetchRealModel(GEMMA3),
  () => createWebGpuDevice(navigator.gpu),
  { variants: { matvec: 'subgroup' }, greedyTokens: 2, layerDispatches: 12, positions: 1 },
);
