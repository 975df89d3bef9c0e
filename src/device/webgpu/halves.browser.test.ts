import { afterEach, describe, expect, it } from 'vitest';
import { useF32Twins } from '../../../test/kernels/f32-twins';
import { collectGpuErrors } from '../../../test/kernels/gpu-errors';
import { describeRoundedMatvec } from '../../../test/kernels/rounded-cases';
import { shareDevice } from '../../../test/support/shared-device';
import { HALF_VARIANTS } from '../../kernels/matvec';
import { SelfTest } from '../../models/self-test';
import { Q4_1 } from '../../quant/q4_1';
import { Q6_K } from '../../quant/q6_k';
import { createWebGpuDevice } from './webgpu-device';

const isReal = await useF32Twins();
const gpuErrors = collectGpuErrors();
const device = await shareDevice(() => createWebGpuDevice(navigator.gpu))();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

// With f32 in place of f16 where the adapter has none: index for index, the same program.
describe('halves on WebGPU', () => {
  // A weight row a thread is another number of lanes: where f16 is real, and in test/long.
  describeRoundedMatvec(() => device, isReal ? HALF_VARIANTS : ['f16-lanes']);

  // Weights with minimums, of a unit and of each half of it. What reads other formats is what bytes read them with.
  it.each([Q4_1, Q6_K])('are rounded as the CPU does: $type', async (format) => {
    const test = new SelfTest(device, format);
    expect(await test.rightRoundings(['f16-lanes'])).toEqual(['f16-lanes']);
    test.free();
  });
});
