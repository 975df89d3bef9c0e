import { afterEach, expect } from 'vitest';
import { collectGpuErrors } from '../../../test/kernels/gpu-errors';
import { describeKernels, describeSubgroupKernels } from '../../../test/kernels/suite';
import { CHUNK_WIDTHS } from '../../kernels/matmul';
import { MATVEC_VARIANTS } from '../../kernels/matvec';
import { Q4_1 } from '../../quant/q4_1';
import { PACKED_DOT } from './adapter';
import { createWebGpuDevice } from './webgpu-device';

/** Whose batches are compared; those of all the others in test/long: sixteen rows at once are many pipelines. */
const BATCH_FORMATS = [Q4_1];

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

describeKernels('WebGPU without features', () => createWebGpuDevice(navigator.gpu, { features: [PACKED_DOT] }), {
  variants: MATVEC_VARIANTS.filter((variant) => variant !== 'subgroup'),
  chunks: CHUNK_WIDTHS,
  batchFormats: BATCH_FORMATS,
});

describeSubgroupKernels('WebGPU with all features', () => createWebGpuDevice(navigator.gpu), BATCH_FORMATS);
