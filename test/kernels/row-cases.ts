import { describe, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import type { Device, DeviceBuffer } from '../../src/device/device';
import type { Dispatch } from '../../src/device/plan';
import { embed } from '../../src/kernels/embed';
import { embedNorm } from '../../src/kernels/embed-norm';
import { rmsnorm } from '../../src/kernels/rmsnorm';
import { glu } from '../../src/kernels/glu';
import { Expected, expectSame } from './expected';
import { embedOracle, gluOracle, rmsnormOracle } from './oracle';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { DRAWN_FORMATS, randomMatrix, rowsOfMatrix } from './test-matrix';
import { rowOf, withBench } from './workbench';

const VOCABULARY = 65;

export function describeEmbed(deviceOf: DeviceOf): void {
  describe('embed', () => {
    const cases = DRAWN_FORMATS.flatMap((format) => [1, 24.5].map((scale) => ({ format, type: format.type, scale })));
    it.each(cases)('$type scaled by $scale, tokens of the step and of the slots', async ({ format, scale }) => {
      const random = new Random(101);
      for (const columns of [32, 96, 160, 576, 2080]) {
        const matrix = randomMatrix(format, VOCABULARY, columns, random);
        // The slots' tokens; rows 1, 3 and 4 read theirs.
        const sampled = Uint32Array.of(7, VOCABULARY - 1, 0, 33);
        const rows = [64, null, 0, null, null, 31].map((token, i) => ({
          token,
          position: i,
          slot: (i * 3) % 4,
          blocks: [0],
        }));
        const tokens = rows.map(({ token, slot }) => token ?? sampled[slot] ?? NaN);
        const y = await withBench(deviceOf(), async (bench) => {
          bench.step(rows);
          const out = bench.empty('y', rows.length * columns * 4);
          const weights = bench.weights(matrix);
          const dispatch = embed({ weights, sampled: bench.words('sampled', sampled), y: out, scale });
          return await bench.runFloats([dispatch], rows.length, out);
        });
        embedOracle(matrix, tokens, scale).check(y, `${columns} columns`);
      }
    });

    it.each(DRAWN_FORMATS.map((format) => ({ format, type: format.type })))(
      '$type by position and always the first row, stored and added',
      async ({ format }) => {
        const random = new Random(105);
        const columns = 160;
        const matrix = randomMatrix(format, VOCABULARY, columns, random);
        const positions = [64, 0, 7, 31];
        const rows = positions.map((position) => ({ token: 2, position, slot: 0, blocks: [0] }));
        const before = random.floats(rows.length * columns);
        for (const index of ['position', 'zero'] as const) {
          for (const epilogue of ['store', 'add'] as const) {
            const y = await withBench(deviceOf(), async (bench) => {
              bench.step(rows);
              const out = bench.floats('y', before);
              const args = {
                weights: bench.weights(matrix),
                sampled: bench.words('sampled', Uint32Array.of(9)),
                y: out,
              };
              return await bench.runFloats([embed({ ...args, scale: 1, index, epilogue })], rows.length, out);
            });
            const indices = index === 'zero' ? positions.map(() => 0) : positions;
            embedOracle(matrix, indices, 1, epilogue === 'add' ? before : null).check(y, `${index}, ${epilogue}`);
          }
        }
      },
    );
  });
}

/** Where the slices of a vocabulary of 65 begin: an odd one, one of a single row, and the last. */
const FIRST_ROWS = [0, 14, 33, 34];

export function describeSlicedEmbed(deviceOf: DeviceOf): void {
  describe('embed of a sliced matrix', () => {
    const formats = DRAWN_FORMATS.map((format) => [format.type, format] as const);
    it.each(formats)('%s: each slice writes the rows of its tokens, and no other', async (_type, format) => {
      const random = new Random(106);
      const columns = 96;
      const matrix = randomMatrix(format, VOCABULARY, columns, random);
      const tokens = [64, 0, 13, 14, 32, 33, 34, 63, 7, 34, 33];
      const rows = tokens.map((token, i) => ({ token: i % 3 === 1 ? null : token, position: i, slot: i, blocks: [0] }));
      const before = random.floats(tokens.length * columns);
      const run = async (firsts: readonly number[]): Promise<Float32Array> =>
        await withBench(deviceOf(), async (bench) => {
          bench.step(rows);
          const y = bench.floats('y', before);
          const sampled = bench.words('sampled', Uint32Array.from(tokens));
          const dispatches = firsts.map((firstRow) => {
            const end = FIRST_ROWS[FIRST_ROWS.indexOf(firstRow) + 1] ?? VOCABULARY;
            const weights = bench.weights(rowsOfMatrix(matrix, firstRow, end - firstRow));
            return embed({ weights, firstRow, sampled, y, scale: 1 });
          });
          return await bench.runFloats(dispatches, tokens.length, y);
        });
      embedOracle(matrix, tokens, 1).check(await run(FIRST_ROWS), 'all slices');
      const expected = new Expected(new Float64Array(before));
      const whole = await run(FIRST_ROWS);
      tokens.forEach((token, row) => {
        if (token < 14 || token >= 33) return;
        rowOf(whole, row, columns).forEach((value, k) => expected.set(row * columns + k, value, 0));
      });
      expected.check(await run([14]), 'the second slice');
    });
  });
}

export function describeEmbedNorm(deviceOf: DeviceOf): void {
  describe('embed_norm', () => {
    const formats = DRAWN_FORMATS.map((format) => [format.type, format] as const);
    it.each(formats)('%s: the bits of embed and rmsnorm one after the other', async (_type, format) => {
      const random = new Random(108);
      for (const columns of [32, 96, 160, 576, 2080]) {
        const matrix = randomMatrix(format, VOCABULARY, columns, random);
        const norm = random.floats(columns, 0.5, 2);
        const tokens = [64, null, 0, null, 7]; // null: its slot's
        const [apart, fused] = await withBench(deviceOf(), async (bench) => {
          bench.step(tokens.map((token, i) => ({ token, position: i, slot: i % 4, blocks: [0] })));
          const buffers = (): DeviceBuffer[] => ['y', 'normed'].map((label) => bench.empty(label, 5 * columns * 4));
          const sampled = bench.words('sampled', Uint32Array.of(9, 64, 2, 33));
          const shared = { weights: bench.weights(matrix), sampled, scale: 24.5 };
          const [weight, hidden, epsilon] = [bench.floats('norm', norm), columns, 1e-5];
          const both = async (
            [y, normed]: DeviceBuffer[],
            run: (y: DeviceBuffer, normed: DeviceBuffer) => Dispatch[],
          ) => {
            const [stream, result] = [defined(y, 'y'), defined(normed, 'normed')];
            const floats = await bench.runFloats(run(stream, result), 5, result);
            return [floats, new Float32Array((await bench.read(stream)).buffer)];
          };
          return [
            await both(buffers(), (y, normed) => [
              embed({ ...shared, y }),
              rmsnorm({ x: y, weight, y: normed, hidden, epsilon }),
            ]),
            await both(buffers(), (y, normed) => [embedNorm({ ...shared, y, norm: weight, normed, epsilon })]),
          ];
        });
        apart?.forEach((values, i) => expectSame(defined(fused?.[i], 'a result'), values, `${columns} columns`));
        expect(apart?.every((values) => values.some((value) => value !== 0))).toBe(true);
      }
    });
  });
}

/** Runs the kernel once over rows of x, or over those that `outputs` name. */
async function runNorm(
  device: Device,
  x: Float32Array,
  weight: Float32Array,
  epsilon: number,
  outputs: readonly number[] | null,
  { scale = 1, before = null }: { scale?: number; before?: Float32Array | null } = {},
): Promise<Float32Array> {
  return await withBench(device, async (bench) => {
    const hidden = weight.length;
    const rows = x.length / hidden;
    const blocks = [0];
    bench.step(
      Array.from({ length: rows }, (_, i) => ({ token: 0, position: i, slot: 0, blocks })),
      outputs ?? [],
    );
    const count = outputs?.length ?? rows;
    const y = before === null ? bench.empty('y', count * hidden * 4) : bench.floats('y', before);
    const buffers = { x: bench.floats('x', x), weight: bench.floats('weight', weight), y };
    const epilogue = before === null ? 'store' : 'add';
    const args = { ...buffers, hidden, epsilon, scale, epilogue } as const;
    return await bench.runFloats([rmsnorm({ ...args, ofOutputs: outputs !== null })], count, y);
  });
}

export function describeRmsnorm(deviceOf: DeviceOf): void {
  type NormArgs = Parameters<typeof runNorm> extends [Device, ...infer Rest] ? Rest : never;
  const norm = (...args: NormArgs): Promise<Float32Array> => runNorm(deviceOf(), ...args);

  describe('rmsnorm', () => {
    it.each([4, 32, 96, 160, 252, 256, 260, 576, 2048])('%i elements', async (hidden) => {
      const random = new Random(hidden);
      const weight = random.floats(hidden, 0.5, 2);
      for (const rows of [1, 3, 65]) {
        // Row by row between tiny and huge; the first row is zero.
        const x = Float32Array.from({ length: rows * hidden }, (_, i) => {
          const row = Math.floor(i / hidden);
          return row === 0 && rows > 1 ? 0 : random.between(-1, 1) * 10 ** ((row % 7) - 3);
        });
        const sources = Array.from({ length: rows }, (_, i) => i);
        rmsnormOracle(x, weight, 1e-5, sources).check(await norm(x, weight, 1e-5, null), `${rows} rows`);
      }
    });

    it('takes the rows of the outputs', async () => {
      const random = new Random(102);
      const [x, weight] = [random.floats(9 * 96), random.floats(96)];
      const outputs = [8, 0, 3, 3, 7];
      rmsnormOracle(x, weight, 1e-6, outputs).check(await norm(x, weight, 1e-6, outputs), 'outputs');
    });

    it('scales, and adds to what is there', async () => {
      const random = new Random(104);
      for (const hidden of [4, 96, 260, 576]) {
        const [x, weight, before] = [random.floats(3 * hidden), random.floats(hidden), random.floats(3 * hidden)];
        for (const args of [{ scale: 0.22 }, { before }, { scale: -3, before }]) {
          const actual = await norm(x, weight, 1e-5, null, args);
          rmsnormOracle(x, weight, 1e-5, [0, 1, 2], args).check(actual, `${hidden} elements`);
        }
        const ofOutputs = await norm(x, weight, 1e-5, [2, 0], { scale: 0.5 });
        rmsnormOracle(x, weight, 1e-5, [2, 0], { scale: 0.5 }).check(ofOutputs, `outputs of ${hidden}`);
      }
    });

    it.each(['stored', 'added'])('gives a row the same bits alone and among others: %s', async (how) => {
      const random = new Random(103);
      const [x, weight, y] = [random.floats(5 * 576), random.floats(576), random.floats(5 * 576)];
      const before = (values: Float32Array): Float32Array | null => (how === 'added' ? values : null);
      const together = await norm(x, weight, 1e-5, null, { before: before(y) });
      for (let row = 0; row < 5; row++) {
        const alone = await norm(rowOf(x, row, 576), weight, 1e-5, null, { before: before(rowOf(y, row, 576)) });
        expectSame(alone, rowOf(together, row, 576), `row ${row}`);
      }
    });
  });
}

export function describeGlu(deviceOf: DeviceOf): void {
  describe('glu', () => {
    const cases = (['silu', 'gelu', 'swiglu-oai'] as const).flatMap((activation) =>
      [1, 3, 63, 64, 65, 160, 576, 1536].map((size) => ({ activation, size })),
    );
    it.each(cases)('$activation, $size elements', async ({ activation, size }) => {
      const random = new Random(size);
      for (const rows of [1, 3, 65]) {
        const x = random.floats(rows * 2 * size, -8, 8);
        // Gates where e^-gate is 0, huge or infinite in f32, and where the cube of GELU is huge.
        [0, -0, 50, -50, 80, -80, 200, -200, 1000, -1000].slice(0, size).forEach((gate, k) => (x[k] = gate));
        const y = await withBench(deviceOf(), async (bench) => {
          bench.stepOf(rows);
          const out = bench.empty('y', rows * size * 4);
          return await bench.runFloats([glu({ x: bench.floats('x', x), y: out, size, activation })], rows, out);
        });
        gluOracle(x, size, activation).check(y, `${rows} rows`);
      }
    });

    it.each([1, 64, 65])('%i elements, between others', async (size) => {
      const random = new Random(600 + size);
      const [rows, yOffset] = [3, 5];
      const yStride = yOffset + size + 2;
      const [x, before] = [random.floats(rows * 2 * size, -8, 8), random.floats(rows * yStride)];
      const [alone, beside] = await withBench(deviceOf(), async (bench) => {
        bench.stepOf(rows);
        const args = { x: bench.floats('x', x), size };
        const [y, wide] = [bench.empty('y', rows * size * 4), bench.floats('wide', before)];
        return [
          await bench.runFloats([glu({ ...args, y })], rows, y),
          await bench.runFloats([glu({ ...args, y: wide, yStride, yOffset })], rows, wide),
        ];
      });
      const expected = new Float32Array(before);
      for (let row = 0; row < rows; row++) expected.set(rowOf(alone, row, size), row * yStride + yOffset);
      expectSame(beside, expected, 'beside others');
    });

    it('takes several segments a row', async () => {
      const [size, segments, rows] = [65, 3, 2];
      const x = new Random(107).floats(rows * segments * 2 * size, -8, 8);
      const y = await withBench(deviceOf(), async (bench) => {
        bench.stepOf(rows);
        const out = bench.empty('y', rows * segments * size * 4);
        return await bench.runFloats([glu({ x: bench.floats('x', x), y: out, size, segments })], rows, out);
      });
      gluOracle(x, size, 'silu').check(y, 'segments');
    });
  });
}
