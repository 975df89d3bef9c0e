import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Device } from '../../src/device/device';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { MATVEC_VARIANTS, ROUNDED_VARIANTS } from '../../src/kernels/matvec';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { checkBatches, EPILOGUES } from '../kernels/batch-cases';
import { useF32Twins } from '../kernels/f32-twins';
import { checkFormat } from '../kernels/qkv-cases';

await useF32Twins();

const BYTE_FORMATS = QUANT_FORMATS.filter(({ inBytes }) => inBytes);

/** Every block format × shape × epilogue × batch: the kernel suite has a sample of them. */
describe.each([...MATVEC_VARIANTS, ...ROUNDED_VARIANTS])('matvec %s', (variant) => {
  const isExact = MATVEC_VARIANTS.some((exact) => exact === variant);
  const formats = isExact ? QUANT_FORMATS : BYTE_FORMATS;
  let device: Device;
  beforeAll(async () => {
    device = await createWebGpuDevice(navigator.gpu);
  });
  afterAll(() => device.close());

  it.each(formats)('$type: rows 1 … 16 have the bits that each has alone', async (format) => {
    for (const isNormed of [false, true])
      await checkBatches(device, { format, variant, epilogues: EPILOGUES, ofOutputs: false, isNormed });
  });

  it.each(formats)('$type: queries, keys and values have the bits that two dispatches give', async (format) => {
    await checkFormat(device, format, variant);
  });
});
