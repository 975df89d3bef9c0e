import type { Device } from '../../src/device/device';
import { matvec, type MatvecVariant } from '../../src/kernels/matvec';
import { dequantize, type QuantFormat } from '../../src/quant/format';
import { sampleBlocks } from '../../src/quant/sample-blocks';
import { Expected } from './expected';
import { expectLinear } from './oracle';
import { Random } from './random';
import type { TestMatrix } from './test-matrix';
import { withBench } from './workbench';

export const SAMPLE_ROWS = 67;

/** A matrix of any format; its values are those of the CPU's dequantiser. An odd number of blocks a row, so that rows begin in the middle of a side plane's words. */
export function sampleMatrix(format: QuantFormat): TestMatrix {
  const columns = (format.blockElements === 256 ? 3 : 5) * Math.max(format.blockElements, 32);
  const random = new Random(301);
  const bytes = sampleBlocks(format, (SAMPLE_ROWS * columns) / format.blockElements, random.draw);
  return { format, rows: SAMPLE_ROWS, columns, bytes, values: new Float64Array(dequantize(format, bytes)) };
}

/** Two rows of x times a sample matrix, and what each variant gives for them. */
export async function checkSampleProduct(
  device: Device,
  matrix: TestMatrix,
  variants: readonly MatvecVariant[],
  norm: { weight: Float32Array; epsilon: number } | null,
): Promise<void> {
  const tokens = 2;
  const x = new Random(302).floats(tokens * matrix.columns);
  const expected = new Expected(new Float64Array(tokens * SAMPLE_ROWS));
  expectLinear(expected, { matrix, norm, epilogue: 'store', tokens, x, yStride: SAMPLE_ROWS, yOffset: 0 });
  await withBench(device, async (bench) => {
    bench.stepOf(tokens);
    const args = {
      weights: bench.weights(matrix),
      x: bench.floats('x', x),
      yStride: SAMPLE_ROWS,
      epilogue: 'store',
      ...(norm && { norm: { weight: bench.floats('norm', norm.weight), epsilon: norm.epsilon } }),
    } as const;
    for (const variant of variants) {
      const y = bench.empty('y', tokens * SAMPLE_ROWS * 4);
      expected.check(await bench.runFloats([matvec({ ...args, y, variant })], tokens, y), variant);
    }
  });
}
