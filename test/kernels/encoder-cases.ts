import { describe, it } from 'vitest';
import { activate } from '../../src/kernels/activation';
import { layernorm } from '../../src/kernels/layernorm';
import { pool } from '../../src/kernels/pool';
import { Expected, expectSame, TOLERANCE } from './expected';
import { activate as activateOracle, TANH_ERROR } from './oracle';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { rowOf, withBench } from './workbench';

interface LayernormCase {
  /** [rows × hidden] */
  readonly x: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly epsilon: number;
}

/** Rows between tiny and huge, far from zero where `shift` is large; the first of several has one value throughout. */
function layernormCase(hidden: number, rows: number, shift: number): LayernormCase {
  const random = new Random(600 + hidden + rows);
  const x = Float32Array.from({ length: rows * hidden }, (_, i) => {
    const row = Math.floor(i / hidden);
    return row === 0 && rows > 1 ? 3 : (random.between(-1, 1) + shift) * 10 ** ((row % 7) - 3);
  });
  return { x, weight: random.floats(hidden, 0.5, 2), bias: random.floats(hidden), epsilon: 1e-5 };
}

function layernormOracle({ x, weight, bias, epsilon }: LayernormCase): Expected {
  const hidden = weight.length;
  const expected = new Expected(new Float64Array(x.length));
  for (let row = 0; row < x.length / hidden; row++) {
    const values = new Float64Array(rowOf(x, row, hidden));
    const mean = values.reduce((sum, value) => sum + value, 0) / hidden;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / hidden;
    const deviation = Math.sqrt(variance + epsilon);
    // A difference of two f32 is off by as much as they are.
    const rounding = (2 ** -21 * Math.max(...values.map(Math.abs))) / deviation;
    values.forEach((value, k) => {
      const scaled = ((value - mean) / deviation) * (weight[k] ?? NaN);
      const shifted = bias[k] ?? NaN;
      const tolerance = TOLERANCE * (Math.abs(scaled) + Math.abs(shifted)) + rounding * (weight[k] ?? NaN);
      expected.set(row * hidden + k, scaled + shifted, tolerance);
    });
  }
  return expected;
}

export function describeLayernorm(deviceOf: DeviceOf): void {
  const run = async ({ x, weight, bias, epsilon }: LayernormCase): Promise<Float32Array> =>
    await withBench(deviceOf(), async (bench) => {
      const hidden = weight.length;
      bench.stepOf(x.length / hidden);
      const buffers = {
        x: bench.floats('x', x),
        weight: bench.floats('weight', weight),
        bias: bench.floats('bias', bias),
      };
      return await bench.runFloats([layernorm({ ...buffers, hidden, epsilon })], x.length / hidden, buffers.x);
    });

  describe('layernorm', () => {
    it.each([4, 32, 128, 252, 256, 260, 384, 1024])('%i elements', async (hidden) => {
      for (const rows of [1, 3, 65]) {
        for (const shift of [0, 50]) {
          const args = layernormCase(hidden, rows, shift);
          layernormOracle(args).check(await run(args), `${rows} rows around ${shift}`);
        }
      }
    });

    it('gives a row the same bits alone and among others', async () => {
      const args = layernormCase(384, 5, 1);
      const together = await run(args);
      for (let row = 0; row < 5; row++) {
        expectSame(await run({ ...args, x: rowOf(args.x, row, 384) }), rowOf(together, row, 384), `row ${row}`);
      }
    });
  });
}

export function describeActivation(deviceOf: DeviceOf): void {
  describe('activation', () => {
    const cases = (['silu', 'gelu'] as const).flatMap((activation) =>
      [1, 63, 64, 65, 384].map((size) => ({ activation, size })),
    );
    it.each(cases)('$activation, $size elements', async ({ activation, size }) => {
      for (const rows of [1, 3, 65]) {
        const x = new Random(610 + size).floats(rows * size, -8, 8);
        // Where e^-x is 0, huge or infinite in f32, and where the cube of GELU is huge.
        [0, -0, 50, -50, 80, -80, 200, -200, 1000, -1000].slice(0, size).forEach((value, k) => (x[k] = value));
        const expected = new Expected(new Float64Array(x.length));
        x.forEach((value, i) => {
          const exact = activateOracle(value, activation);
          const ofTanh = activation === 'gelu' ? TANH_ERROR * Math.abs(value) : 0;
          expected.set(i, exact, TOLERANCE * Math.abs(exact) + ofTanh + 1e-30);
        });
        const y = await withBench(deviceOf(), async (bench) => {
          bench.stepOf(rows);
          const buffer = bench.floats('x', x);
          return await bench.runFloats([activate({ x: buffer, size, activation })], rows, buffer);
        });
        expected.check(y, `${rows} rows`);
      }
    });
  });
}

export function describePool(deviceOf: DeviceOf): void {
  describe('pool', () => {
    const cases = (['mean', 'first', 'last'] as const).flatMap((pooling) =>
      [4, 64, 65, 384].map((hidden) => ({ pooling, hidden })),
    );
    it.each(cases)('$pooling of rows of $hidden', async ({ pooling, hidden }) => {
      for (const rows of [1, 2, 9, 200]) {
        const x = new Random(620 + hidden + rows).floats((rows + 1) * hidden); // a row too many, which is nobody's
        const taken = { mean: Array.from({ length: rows }, (_, row) => row), first: [0], last: [rows - 1] }[pooling];
        const expected = new Expected(new Float64Array(hidden));
        for (let k = 0; k < hidden; k++) {
          const sum = taken.reduce((total, row) => total + (x[row * hidden + k] ?? NaN), 0);
          expected.set(k, sum / taken.length, pooling === 'mean' ? TOLERANCE / Math.sqrt(rows) : 0);
        }
        const y = await withBench(deviceOf(), async (bench) => {
          bench.stepOf(rows);
          const out = bench.empty('y', hidden * 4);
          return await bench.runFloats([pool({ x: bench.floats('x', x), y: out, hidden, pooling })], 1, out);
        });
        expected.check(y, `${rows} rows`);
      }
    });
  });
}
