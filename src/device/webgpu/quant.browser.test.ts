import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Expected } from '../../../test/kernels/expected';
import { collectGpuErrors } from '../../../test/kernels/gpu-errors';
import { expectLinear } from '../../../test/kernels/oracle';
import { Random } from '../../../test/kernels/random';
import type { TestMatrix } from '../../../test/kernels/test-matrix';
import { withBench } from '../../../test/kernels/workbench';
import { embed } from '../../kernels/embed';
import { matvec, MATVEC_VARIANTS, type MatvecVariant } from '../../kernels/matvec';
import { dequantize, type QuantFormat } from '../../quant/format';
import { Q3_K } from '../../quant/q3_k';
import { QUANT_FORMATS } from '../../quant/registry';
import { sampleBlocks } from '../../quant/sample-blocks';
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

const ROWS = 67;

/** An odd number of blocks a row, so that rows begin in the middle of a side plane's words. */
function matrixOf(format: QuantFormat): TestMatrix {
  const columns = (format.blockElements === 256 ? 3 : 5) * Math.max(format.blockElements, 32);
  const random = new Random(301);
  const bytes = sampleBlocks(format, (ROWS * columns) / format.blockElements, random.draw);
  return { format, rows: ROWS, columns, bytes, values: Float64Array.from(dequantize(format, bytes)) };
}

/** Two rows of x, and what each variant gives for them. */
async function checkProduct(
  matrix: TestMatrix,
  variants: readonly MatvecVariant[],
  norm: { weight: Float32Array; epsilon: number } | null,
): Promise<void> {
  const tokens = 2;
  const x = new Random(302).floats(tokens * matrix.columns);
  const expected = new Expected(new Float64Array(tokens * ROWS));
  expectLinear(expected, { matrix, norm, epilogue: 'store', tokens, x, yStride: ROWS, yOffset: 0 });
  await withBench(device, async (bench) => {
    bench.stepOf(tokens);
    const args = {
      weights: bench.weights(matrix),
      x: bench.floats('x', x),
      yStride: ROWS,
      epilogue: 'store',
      ...(norm && { norm: { weight: bench.floats('norm', norm.weight), epsilon: norm.epsilon } }),
    } as const;
    for (const variant of variants) {
      const y = bench.empty('y', tokens * ROWS * 4);
      expected.check(await bench.runFloats([matvec({ ...args, y, variant })], tokens, y), variant);
    }
  });
}

describe.each(QUANT_FORMATS.map((format) => [format.type, format] as const))('%s', (_type, format) => {
  const matrix = matrixOf(format);
  const { columns } = matrix;

  it('embeds the very values', async () => {
    const tokens = Array.from({ length: ROWS }, (_, i) => (i * 5) % ROWS);
    const y = await withBench(device, async (bench) => {
      bench.step(tokens.map((token, i) => ({ token, position: i, slot: 0, blocks: [0] })));
      const out = bench.empty('y', ROWS * columns * 4);
      const sampled = bench.words('sampled', Uint32Array.of(0));
      const dispatch = embed({ weights: bench.weights(matrix), sampled, y: out, scale: 1 });
      return await bench.runFloats([dispatch], ROWS, out);
    });
    const expected = new Expected(new Float64Array(ROWS * columns));
    tokens.forEach((token, row) => {
      for (let k = 0; k < columns; k++) expected.set(row * columns + k, matrix.values[token * columns + k] ?? NaN, 0);
    });
    expected.check(y, (at) => `token ${tokens[Math.floor(at / columns)]}, column ${at % columns}`);
  });

  it('multiplies a vector in every variant', async () => {
    await checkProduct(matrix, MATVEC_VARIANTS, null);
  });
});

it('Q3_K, whose groups are the largest: normed', async () => {
  const matrix = matrixOf(Q3_K);
  const weight = new Random(303).floats(matrix.columns, 0.5, 2);
  await checkProduct(matrix, ['lanes'], { weight, epsilon: 0.1 });
});
