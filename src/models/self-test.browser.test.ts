import { describe, expect, it } from 'vitest';
import { systemClock as clock } from '../base/system-clock';
import type { Device } from '../device/device';
import { createWebGpuDevice } from '../device/webgpu/webgpu-device';
import { CHUNK_WIDTHS } from '../kernels/matmul';
import { BATCH_WIDTHS, MATVEC_VARIANTS } from '../kernels/matvec';
import { IQ1_M } from '../quant/iq1_m';
import { Q4_1 } from '../quant/q4_1';
import { Q4_K } from '../quant/q4_k';
import { Q6_K } from '../quant/q6_k';
import { Q5_1 } from '../quant/q5_1';
import { Q8_0 } from '../quant/q8_0';
import { SelfTest } from './self-test';

async function onDevice<T>(work: (device: Device) => Promise<T>): Promise<T> {
  const device = await createWebGpuDevice(navigator.gpu);
  try {
    return await work(device);
  } finally {
    device.close();
  }
}

/** How long the work took, and what it made and ran, for whoever reads the log. */
async function told<T>(what: string, device: Device, work: () => Promise<T>): Promise<T> {
  const [start, before] = [clock.now(), device.counters()];
  const result = await work();
  const after = device.counters();
  const [pipelines, dispatches] = (['pipelinesCreated', 'dispatches'] as const).map(
    (name) => after[name] - before[name],
  );
  console.log(`${what}: ${Math.round(clock.now() - start)} ms, ${pipelines} pipelines, ${dispatches} dispatches`);
  return result;
}

describe('the self-test on WebGPU', () => {
  it('finds every variant right, and every width of "rows" equal', async () => {
    await onDevice(async (device) => {
      const test = new SelfTest(device, Q4_1);
      const all = { matvecs: MATVEC_VARIANTS, chunks: CHUNK_WIDTHS };
      expect(await told('variants', device, () => test.right(all))).toEqual(all);
      // Again, with pipelines that are there: what is left is the test itself.
      expect(await told('variants again', device, () => test.right(all))).toEqual(all);
      expect(await told('widths', device, () => test.equalWidths('rows', BATCH_WIDTHS))).toEqual(BATCH_WIDTHS);
      expect(await told('widths again', device, () => test.equalWidths('rows', BATCH_WIDTHS))).toEqual(BATCH_WIDTHS);
      test.free();
    });
  });

  it.each([Q4_K, IQ1_M])('finds $type right', async (format) => {
    await onDevice(async (device) => {
      const test = new SelfTest(device, format);
      const few = { matvecs: ['rows'], chunks: [16, 64] } as const;
      expect(await test.right(few)).toEqual(few);
      test.free();
    });
  });

  // With scales beside the bytes and above groups of them, with fifth bits, and of each half of a unit by itself; test/long has every format.
  it.each([Q8_0, Q5_1, Q4_K, Q6_K])('finds $type right in bytes', async (format) => {
    await onDevice(async (device) => {
      const test = new SelfTest(device, format);
      expect(await test.rightRoundings(['int8-lanes'])).toEqual(['int8-lanes']);
      test.free();
    });
  });
});
