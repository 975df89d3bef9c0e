import { describe, expect, it } from 'vitest';
import type { Dispatch } from '../../src/device/plan';
import type { Epilogue, LinearArgs } from '../../src/kernels/linear';
import { matmul, MATMUL_VARIANTS } from '../../src/kernels/matmul';
import { matvec, MATVEC_VARIANTS } from '../../src/kernels/matvec';
import type { WeightMatrix } from '../../src/kernels/weight-matrix';
import type { QuantFormat } from '../../src/quant/format';
import { F32 } from '../../src/quant/f32';
import { Expected } from './expected';
import { expectLinear } from './oracle';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { DRAWN_FORMATS, randomMatrix, type TestMatrix } from './test-matrix';
import { rowOf, withBench, type Workbench } from './workbench';

const ROWS = [1, 3, 63, 64, 65, 129];
const COLUMNS = [32, 96, 160, 576];
const BATCHES = [1, 2, 3, 4, 5];
const TOKENS = [1, 7, 8, 9, 63, 64, 65];

type MakeDispatch = (args: LinearArgs) => Dispatch;

interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly epilogue: Epilogue;
}

interface Layer extends Shape {
  readonly matrix: TestMatrix;
  readonly weights: WeightMatrix;
  readonly yOffset: number;
}

/** Many layers that write beside each other into one y, so that a plan holds them all, as an engine's plan does. */
class LayerBench {
  readonly yStride: number;
  private readonly layers: readonly Layer[];

  constructor(
    private readonly bench: Workbench,
    private readonly make: MakeDispatch,
    format: QuantFormat,
    shapes: readonly Shape[],
    private readonly random: Random,
  ) {
    let yOffset = 0;
    this.layers = shapes.map((shape) => {
      const rows = shape.epilogue === 'glu' ? 2 * shape.rows : shape.rows;
      const matrix = randomMatrix(format, rows, shape.columns, random);
      yOffset += random.integer(0, 2); // columns of nobody: they must stay
      const layer = { ...shape, matrix, weights: bench.weights(matrix), yOffset };
      yOffset += shape.rows;
      return layer;
    });
    this.yStride = yOffset + 1;
  }

  /** x by its columns, and y as it is before. */
  draw(tokens: number): { x: Map<number, Float32Array>; before: Float32Array } {
    const widths = new Set(this.layers.map((layer) => layer.columns));
    const x = new Map([...widths].map((columns) => [columns, this.random.floats(tokens * columns)]));
    return { x, before: this.random.floats(tokens * this.yStride) };
  }

  async run(tokens: number, xs: ReadonlyMap<number, Float32Array>, before: Float32Array): Promise<Float32Array> {
    const { bench, yStride } = this;
    bench.stepOf(tokens);
    const y = bench.floats('y', before);
    const buffers = new Map([...xs].map(([columns, x]) => [columns, bench.floats(`x ${columns}`, x)]));
    const dispatches = this.layers.flatMap(({ weights, columns, epilogue, yOffset }) => {
      const x = buffers.get(columns);
      return x === undefined ? [] : [this.make({ weights, x, y, epilogue, yStride, yOffset })];
    });
    return await bench.runFloats(dispatches, tokens, y);
  }

  async check(tokens: number): Promise<void> {
    const { x: xs, before } = this.draw(tokens);
    const actual = await this.run(tokens, xs, before);
    const expected = new Expected(Float64Array.from(before));
    for (const { columns, matrix, epilogue, yOffset } of this.layers) {
      const x = xs.get(columns) ?? new Float32Array(0);
      expectLinear(expected, { matrix, epilogue, tokens, x, yStride: this.yStride, yOffset });
    }
    expected.check(actual, (at) => {
      const column = at % this.yStride;
      const layer = this.layers.findLast(({ yOffset }) => yOffset <= column);
      return `${layer?.rows} × ${layer?.columns} ${layer?.epilogue}, token ${Math.floor(at / this.yStride)} of ${tokens}`;
    });
  }

  /** Expects the same bits of every token, whole and in pieces of these sizes. */
  async checkPieces(pieces: readonly number[]): Promise<void> {
    const tokens = pieces.reduce((sum, piece) => sum + piece, 0);
    const { x, before } = this.draw(tokens);
    const whole = await this.run(tokens, x, before);
    let from = 0;
    for (const piece of pieces) {
      const cut = (values: Float32Array, width: number): Float32Array =>
        values.slice(from * width, (from + piece) * width);
      const xOfPiece = new Map([...x].map(([columns, values]) => [columns, cut(values, columns)]));
      const alone = await this.run(piece, xOfPiece, cut(before, this.yStride));
      for (let t = 0; t < piece; t++) {
        expect(rowOf(alone, t, this.yStride)).toEqual(rowOf(whole, from + t, this.yStride));
      }
      from += piece;
    }
  }
}

/** Every epilogue with every one of the shapes. */
function withEpilogues(shapes: readonly Omit<Shape, 'epilogue'>[], epilogues: readonly Epilogue[]): Shape[] {
  return shapes.flatMap((shape) => epilogues.map((epilogue) => ({ ...shape, epilogue })));
}

const FORMATS = DRAWN_FORMATS.map((format) => [format.type, format] as const);

/** Every number of rows, with columns that go round from turn to turn. */
function shapesOfTurn(turn: number): Omit<Shape, 'epilogue'>[] {
  return ROWS.map((rows, i) => ({ rows, columns: COLUMNS[(Math.floor(i / 2) + turn) % COLUMNS.length] ?? 32 }));
}

export function describeMatvec(deviceOf: DeviceOf, names: readonly string[]): void {
  describe.each(MATVEC_VARIANTS.filter((variant) => names.includes(variant)))('matvec %s', (variant) => {
    const make: MakeDispatch = (args) => matvec({ ...args, variant });
    const epilogues = ['store', 'add', 'glu'] as const;

    it.each(FORMATS)('%s, odd shapes', async (_type, format) => {
      const random = new Random(201);
      for (const [turn, batch] of BATCHES.entries()) {
        const shapes = withEpilogues(shapesOfTurn(turn), epilogues);
        await withBench(deviceOf(), async (bench) => {
          await new LayerBench(bench, make, format, shapes, random).check(batch);
        });
      }
    });

    it.each(FORMATS)('%s: a row has the same bits alone and in a batch', async (_type, format) => {
      await withBench(deviceOf(), async (bench) => {
        const shapes = withEpilogues([{ rows: 65, columns: 576 }], epilogues);
        const layers = new LayerBench(bench, make, format, shapes, new Random(202));
        await layers.checkPieces([1, 1, 1, 1, 1]);
        await layers.checkPieces([2, 3]);
      });
    });

    it('more rows than workgroups fit one dimension', async () => {
      await withBench(deviceOf(), async (bench) => {
        const shapes = withEpilogues([{ rows: 70_000, columns: 32 }], ['store']);
        await new LayerBench(bench, make, F32, shapes, new Random(203)).check(1);
      });
    });
  });
}

export function describeMatmul(deviceOf: DeviceOf, names: readonly string[]): void {
  describe.each(MATMUL_VARIANTS.filter((variant) => names.includes(variant)))('matmul %s', (variant) => {
    const make: MakeDispatch = (args) => matmul({ ...args, variant });
    const epilogues = ['store', 'add'] as const;

    it.each(FORMATS)('%s, odd shapes', async (_type, format) => {
      const random = new Random(211);
      for (const [turn, tokens] of TOKENS.entries()) {
        // Every other number of rows: a software adapter takes its time over whole tiles.
        const shapes = withEpilogues(
          shapesOfTurn(turn).filter((_, i) => (i + turn) % 2 === 0),
          [turn % 4 < 2 ? 'store' : 'add'],
        );
        await withBench(deviceOf(), async (bench) => {
          await new LayerBench(bench, make, format, shapes, random).check(tokens);
        });
      }
    });

    it.each(FORMATS)('%s: a token has the same bits whatever the chunk', async (_type, format) => {
      await withBench(deviceOf(), async (bench) => {
        const shapes = withEpilogues([{ rows: 129, columns: 160 }], epilogues);
        const layers = new LayerBench(bench, make, format, shapes, new Random(212));
        await layers.checkPieces([1, 7, 8, 9, 40]);
        await layers.checkPieces([64, 1]);
      });
    });
  });
}
