import { describe, expect, it } from 'vitest';
import type { Epilogue } from '../../src/kernels/linear';
import { matmul, type ChunkWidth } from '../../src/kernels/matmul';
import { matvec, MATVEC_VARIANTS } from '../../src/kernels/matvec';
import { F16 } from '../../src/quant/f16';
import { F32 } from '../../src/quant/f32';
import { Q8_0 } from '../../src/quant/q8_0';
import { expectSame } from './expected';
import { LayerBench, type MakeDispatch, type Shape } from './layer-bench';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { DRAWN_FORMATS } from './test-matrix';
import { withBench } from './workbench';

const ROWS = [1, 3, 63, 64, 65, 129];
const COLUMNS = [32, 96, 160, 576];
const BATCHES = [1, 2, 3, 4, 5];
/** Shapes for what does not depend on the block format. */
const FEW_SHAPES = [
  { rows: 3, columns: 160 },
  { rows: 65, columns: 96 },
];

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

    it('scales what it stores or adds', async () => {
      await withBench(deviceOf(), async (bench) => {
        const shapes = withEpilogues(FEW_SHAPES, epilogues).map((shape, i) => ({ ...shape, scale: 0.22 + i }));
        await new LayerBench(bench, make, Q8_0, shapes, new Random(204)).check(3);
      });
    });

    it('gates with GELU: near 0, far from it, and at 0', async () => {
      await withBench(deviceOf(), async (bench) => {
        const shapes = withEpilogues(FEW_SHAPES, ['glu']).map((shape) => ({ ...shape, activation: 'gelu' as const }));
        const layers = new LayerBench(bench, make, Q8_0, shapes, new Random(205));
        for (const spread of [0.1, 1, 100, 0]) await layers.check(2, spread);
      });
    });

    it('more rows than workgroups fit one dimension', async () => {
      await withBench(deviceOf(), async (bench) => {
        const shapes = withEpilogues([{ rows: 70_000, columns: 32 }], ['store']);
        await new LayerBench(bench, make, F32, shapes, new Random(203)).check(1);
      });
    });

    it('norms the rows that it reads: of odd shapes, tiny and huge, with an epsilon that matters, and of zeros', async () => {
      await withBench(deviceOf(), async (bench) => {
        const sizes = [...FEW_SHAPES, { rows: 9, columns: 32 }, { rows: 4, columns: 2304 }];
        const shapes = [1e-6, 0.2].flatMap((normEpsilon) =>
          withEpilogues(sizes, ['store', 'glu']).map((shape, i) => ({ ...shape, normEpsilon, scale: 0.5 + i })),
        );
        const layers = new LayerBench(bench, make, Q8_0, shapes, new Random(206));
        for (const [tokens, spread] of [
          [2, 1],
          [5, 1e-3],
          [3, 1e3],
        ] as const)
          await layers.check(tokens, spread);
      });
    });
  });
}

export function describeMatmul(deviceOf: DeviceOf, widths: readonly ChunkWidth[]): void {
  const epilogues = ['store', 'add'] as const;

  describe.each(widths)('matmul, tiles of %i tokens', (width) => {
    const make: MakeDispatch = (args) => matmul({ ...args, width });
    const formats = width === 64 ? FORMATS : FORMATS.filter(([, format]) => format === Q8_0);

    it.each(formats)('%s, odd shapes', async (_type, format) => {
      const random = new Random(211);
      // What differs between formats is how a block is read, not how many tokens there are.
      const tokens = format === Q8_0 ? [1, 7, 8, 9, width - 1, width, width + 1] : [1, 9, width + 1];
      for (const [turn, count] of tokens.entries()) {
        // Every other number of rows: a software adapter takes its time over whole tiles.
        const shapes = withEpilogues(
          shapesOfTurn(turn).filter((_, i) => (i + turn) % 2 === 0),
          [turn % 4 < 2 ? 'store' : 'add'],
        );
        await withBench(deviceOf(), async (bench) => {
          await new LayerBench(bench, make, format, shapes, random).check(count);
        });
      }
    });

    it('scales what it stores or adds', async () => {
      await withBench(deviceOf(), async (bench) => {
        const shapes = withEpilogues(FEW_SHAPES, epilogues).map((shape, i) => ({ ...shape, scale: 0.22 + i }));
        await new LayerBench(bench, make, Q8_0, shapes, new Random(213)).check(9);
      });
    });

    it.each(width === 64 ? [F16, Q8_0] : [Q8_0])(
      '$type: a token has the same bits whatever the chunk',
      async (format) => {
        await withBench(deviceOf(), async (bench) => {
          const shapes = withEpilogues([{ rows: 129, columns: 160 }], epilogues);
          const layers = new LayerBench(bench, make, format, shapes, new Random(212));
          await layers.checkPieces([1, 7, 8, 9, 40]);
          await layers.checkPieces([width, 1]);
        });
      },
    );
  });

  it.each([F16, Q8_0])('matmul, $type: a token has the same bits in any tile', async (format) => {
    const tokens = Math.max(...widths) + 1;
    const of = (width: ChunkWidth): Promise<Float32Array> =>
      withBench(deviceOf(), async (bench) => {
        const shapes = withEpilogues([{ rows: 65, columns: 160 }], epilogues);
        // The same numbers every time.
        const make: MakeDispatch = (args) => matmul({ ...args, width });
        const layers = new LayerBench(bench, make, format, shapes, new Random(214));
        const { x, before } = layers.draw(tokens);
        return await layers.run(tokens, x, before);
      });
    const [first, ...others] = widths;
    const expected = await of(first ?? 64);
    expect(others.length).toBeGreaterThan(0);
    for (const width of others) expectSame(await of(width), expected, `tiles of ${width} tokens`);
  });
}
