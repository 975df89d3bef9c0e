import { afterEach, expect } from 'vitest';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { collectGpuErrors } from '../kernels/gpu-errors';
import { fetchRealModel } from './fetch-real-model';
import { GEMMA3, SMOLLM2 } from './real-model';
import { describeRealModel } from './real-model-suite';

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

describeRealModel(
  'SmolLM2-135M-Instruct Q4_1 on WebGPU',
  () => fetchRealModel(SMOLLM2),
  () => createWebGpuDevice(navigator.gpu),
  { variants: { matvec: 'rows' }, greedyTokens: 8, positions: 16 },
);
describeRealModel(
  'Gemma 3 270M Q4_K_M on WebGPU without features',
  () => fetchRealModel(GEMMA3),
  () => createWebGpuDevice(navigator.gpu, { features: [] }),
  { variants: { matvec: 'rows' }, greedyTokens: 4, layerDispatches: 12, positions: 4 },
);
