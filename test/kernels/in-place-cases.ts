import { describe, it } from 'vitest';
import { addBias } from '../../src/kernels/add-bias';
import { headNorm } from '../../src/kernels/head-norm';
import { softcap } from '../../src/kernels/softcap';
import { expectSame, Expected } from './expected';
import { headNormOracle, softcapOracle, type Segments } from './oracle';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { rowOf, withBench } from './workbench';

const SIZES = [32, 64, 80, 128, 256, 576];
const COUNTS = [1, 2, 9];

interface HeadNormCase {
  readonly stride: number;
  readonly groups: readonly Segments[];
  /** [rows × stride] */
  readonly x: Float32Array;
}

/** Groups of segments beside each other, with columns of nobody between them that must stay. */
function headNormCase(size: number, rows: number): HeadNormCase {
  const random = new Random(500 + size + rows);
  let offset = 3;
  const groups = COUNTS.map((count) => {
    const group = { offset, count, weight: random.floats(size, 0.5, 2) };
    offset += count * size + 1;
    return group;
  });
  // Row by row between tiny and huge; the first of several is zero.
  const x = Float32Array.from({ length: rows * offset }, (_, i) => {
    const row = Math.floor(i / offset);
    return row === 0 && rows > 1 ? 0 : random.between(-1, 1) * 10 ** ((row % 7) - 3);
  });
  return { stride: offset, groups, x };
}

export function describeHeadNorm(deviceOf: DeviceOf): void {
  const run = async ({ stride, groups, x }: HeadNormCase): Promise<Float32Array> =>
    await withBench(deviceOf(), async (bench) => {
      const rows = x.length / stride;
      bench.stepOf(rows);
      const buffer = bench.floats('x', x);
      const dispatches = groups.map(({ offset, count, weight }) =>
        headNorm({
          x: buffer,
          weight: bench.floats('weight', weight),
          stride,
          offset,
          segments: count,
          size: weight.length,
          epsilon: 1e-6,
        }),
      );
      return await bench.runFloats(dispatches, rows, buffer);
    });

  describe('head_norm', () => {
    it.each(SIZES)('segments of %i, beside others and beside nothing', async (size) => {
      for (const rows of [1, 5]) {
        const args = headNormCase(size, rows);
        headNormOracle(args.x, args.stride, args.groups, 1e-6).check(await run(args), `${rows} rows`);
      }
    });

    it('gives a row the same bits alone and among others', async () => {
      const args = headNormCase(80, 4);
      const together = await run(args);
      for (let row = 0; row < 4; row++) {
        const alone = await run({ ...args, x: rowOf(args.x, row, args.stride) });
        expectSame(alone, rowOf(together, row, args.stride), `row ${row}`);
      }
    });
  });
}

export function describeAddBias(deviceOf: DeviceOf): void {
  describe('add_bias', () => {
    it.each([1, 63, 64, 65, 160, 576])('%i elements, between others', async (size) => {
      const random = new Random(510 + size);
      const [offset, rows] = [3, 5];
      const stride = offset + size + 2;
      const [x, bias] = [random.floats(rows * stride), random.floats(size)];
      const expected = new Expected(new Float64Array(x));
      for (let row = 0; row < rows; row++) {
        bias.forEach((value, k) => {
          const at = row * stride + offset + k;
          expected.set(at, Math.fround((x[at] ?? NaN) + value), 0); // one sum: rounded, never off
        });
      }
      const actual = await withBench(deviceOf(), async (bench) => {
        bench.stepOf(rows);
        const buffer = bench.floats('x', x);
        const dispatch = addBias({ x: buffer, bias: bench.floats('bias', bias), size, stride, offset });
        return await bench.runFloats([dispatch], rows, buffer);
      });
      expected.check(actual, 'x');
    });
  });
}

export function describeSoftcap(deviceOf: DeviceOf): void {
  describe('softcap', () => {
    const extremes = [0, -0, 1e4, -1e4, 3e38, -3e38, 1e-30, 30, -30];
    it.each([1, 63, 64, 65, 1000])('%i elements', async (size) => {
      const random = new Random(520 + size);
      for (const cap of [5, 30]) {
        const rows = 3;
        const x = random.floats(rows * size, -3 * cap, 3 * cap);
        x.set(extremes.slice(0, x.length));
        const actual = await withBench(deviceOf(), async (bench) => {
          bench.stepOf(rows);
          const buffer = bench.floats('x', x);
          return await bench.runFloats([softcap({ x: buffer, size, cap })], rows, buffer);
        });
        softcapOracle(x, cap).check(actual, `cap ${cap}`);
      }
    });
  });
}
