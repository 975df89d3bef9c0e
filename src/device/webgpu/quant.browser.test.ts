import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Expected } from '../../../test/kernels/expected';
import { checkSampleProduct, SAMPLE_ROWS, sampleMatrix } from '../../../test/kernels/format-cases';
import { collectGpuErrors } from '../../../test/kernels/gpu-errors';
import { Random } from '../../../test/kernels/random';
import { withBench } from '../../../test/kernels/workbench';
import { embed } from '../../kernels/embed';
import { MATVEC_VARIANTS } from '../../kernels/matvec';
import { Q3_K } from '../../quant/q3_k';
import { QUANT_FORMATS } from '../../quant/registry';
import type { Device } from '../device';
import { createWebGpuDevice } from './webgpu-device';

// The CPU's dequantisers, which have the values of ggml, are the oracle of the shaders' ones.

const gpuErrors = collectGpuErrors();
let device: Device;

beforeAll(async () => {
  device = await createWebGpuDevice(navigator.gpu);
});
afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});
afterAll(() => device.close());

describe.each(QUANT_FORMATS.map((format) => [format.type, format] as const))('%s', (_type, format) => {
  const matrix = sampleMatrix(format);
  const { columns } = matrix;

  it('embeds the very values', async () => {
    const tokens = Array.from({ length: SAMPLE_ROWS }, (_, i) => (i * 5) % SAMPLE_ROWS);
    const y = await withBench(device, async (bench) => {
      bench.step(tokens.map((token, i) => ({ token, position: i, slot: 0, blocks: [0] })));
      const out = bench.empty('y', SAMPLE_ROWS * columns * 4);
      const sampled = bench.words('sampled', Uint32Array.of(0));
      const dispatch = embed({ weights: bench.weights(matrix), sampled, y: out, scale: 1 });
      return await bench.runFloats([dispatch], SAMPLE_ROWS, out);
    });
    const expected = new Expected(new Float64Array(SAMPLE_ROWS * columns));
    tokens.forEach((token, row) => {
      for (let k = 0; k < columns; k++) expected.set(row * columns + k, matrix.values[token * columns + k] ?? NaN, 0);
    });
    expected.check(y, (at) => `token ${tokens[Math.floor(at / columns)]}, column ${at % columns}`);
  });

  it('multiplies a vector in every variant', async () => {
    // Chromium's adapter has subgroups, which kernels.browser.test.ts insists on.
    const variants = MATVEC_VARIANTS.filter((variant) => variant !== 'subgroup' || device.limits.subgroups);
    await checkSampleProduct(device, matrix, variants, null);
  });
});

it('Q3_K, whose groups are the largest: normed', async () => {
  const matrix = sampleMatrix(Q3_K);
  const weight = new Random(303).floats(matrix.columns, 0.5, 2);
  await checkSampleProduct(device, matrix, ['lanes'], { weight, epsilon: 0.1 });
});
