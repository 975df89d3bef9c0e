import { afterEach, expect } from 'vitest';
import { collectGpuErrors } from '../../../test/kernels/gpu-errors';
import { describeKernels, describeSubgroupKernels } from '../../../test/kernels/suite';
import { MATMUL_VARIANTS } from '../../kernels/matmul';
import { MATVEC_VARIANTS } from '../../kernels/matvec';
import { PACKED_DOT } from './adapter';
import { createWebGpuDevice } from './webgpu-device';

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

describeKernels('WebGPU without features', () => createWebGpuDevice(navigator.gpu, { features: [PACKED_DOT] }), {
  variants: { matvec: MATVEC_VARIANTS.filter((variant) => variant !== 'subgroup'), matmul: MATMUL_VARIANTS },
});

describeSubgroupKernels('WebGPU with all features', () => createWebGpuDevice(navigator.gpu));
