import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ForgelightError } from '../../src/base/errors';
import type { Device } from '../../src/device/device';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { Q4_0 } from '../../src/quant/q4_0';
import { Q5_0 } from '../../src/quant/q5_0';
import { testLoad, withOverrides } from '../../test/support/load-zoo';
import { PosingAdapter } from '../../test/support/posing-adapter';
import { readZoo } from '../../test/support/zoo';
import { readSelfTest, writeSelfTest } from '../state/self-test-file';
import { proveFormats } from './prove-formats';

describe('block formats of a model that is loaded onto HIP', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forgelight-formats-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A GPU that multiplies wrongly with the format. */
  function gpu(wrong: string | null, build = 'b1'): { device: Device; tests: () => number } {
    const adapter = new PosingAdapter({
      factor: ({ shader, modules }) => (shader === 'matvec_rows' && modules.quant === wrong ? 1.01 : 1),
    });
    const limits = { ...adapter.device.limits, packedDot: false };
    const device = withOverrides(adapter.device, { kind: 'hip', name: 'GPU', features: ['gfx0'], build, limits });
    return { device, tests: () => adapter.submits.length };
  }

  const passed = (build = 'b1') =>
    writeSelfTest(folder, { device: 'GPU', features: ['gfx0'], build, problems: [], formats: { Q4_0: [] } });

  it('are tested once, remembered, and refused by name where they are wrong', async () => {
    await passed();
    const { device, tests } = gpu('q5_0');
    const refusal = {
      code: 'missing-feature',
      message: expect.stringMatching(
        /^GPU computes wrongly with weights in Q5_0, which this model has \(matvec_rows of Q5_0: other sums than the CPU’s\)\. Choose/,
      ),
    };
    await expect(proveFormats(device, [Q4_0, Q5_0], folder)).rejects.toMatchObject(refusal);
    const { formats } = (await readSelfTest(folder)) ?? {};
    expect(formats).toEqual({ Q4_0: [], Q5_0: [expect.any(String)] });

    const before = tests();
    expect(before).toBeGreaterThan(0);
    await proveFormats(device, [Q4_0], folder);
    await expect(proveFormats(device, [Q5_0], folder)).rejects.toMatchObject(refusal);
    expect(tests()).toBe(before);
    // Of other kernels it says nothing.
    const other = withOverrides(gpu(null, 'b2').device, { submit: () => Promise.reject(new Error('It is tested.')) });
    await expect(proveFormats(other, [Q4_0], folder)).rejects.toThrow('It is tested.');
  });

  it('with many problems are refused in few words', async () => {
    const wrong = Array.from({ length: 60 }, (_, i) => `kernel ${i}`);
    await writeSelfTest(folder, {
      device: 'GPU',
      features: ['gfx0'],
      build: 'b1',
      problems: [],
      formats: { Q5_0: wrong },
    });
    const refusing = proveFormats(gpu(null).device, [Q5_0], folder);
    await expect(refusing).rejects.toThrow('(kernel 0; kernel 1; kernel 2; and 57 more)');
  });

  it('of another device are not asked after', async () => {
    const { device, tests } = gpu('q5_0');
    await proveFormats(withOverrides(device, { kind: 'reference' }), [Q5_0], folder);
    expect(tests()).toBe(0);
  });

  it('are all asked after by a load, before anything is made there', async () => {
    const { bytes } = await readZoo('quant-Q4_K_M');
    const device = createReferenceDevice();
    const asked: unknown[] = [];
    const load = testLoad(Uint8Array.from(bytes), {
      device,
      host: {
        proveFormats: (on, formats) => {
          asked.push(...formats.map(({ type }) => type), on.counters().buffersCreated);
          return Promise.reject(new ForgelightError('missing-feature', 'Q6_K is wrong.'));
        },
      },
    });
    await expect(load.run()).rejects.toThrow('Q6_K is wrong.');
    expect(asked).toEqual(['Q6_K', 'Q4_K', 0]);
  });
});
