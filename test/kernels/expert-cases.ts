import { describe, expect, it } from 'vitest';
import { expertMatvec } from '../../src/kernels/expert-matvec';
import type { Epilogue, GluKind } from '../../src/kernels/linear';
import { MATVEC_VARIANTS, type MatvecVariant } from '../../src/kernels/matvec';
import { route } from '../../src/kernels/route';
import { dequantize, type QuantFormat } from '../../src/quant/format';
import { Q8_0 } from '../../src/quant/q8_0';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { sampleBlocks } from '../../src/quant/sample-blocks';
import { Expected, expectSame } from './expected';
import { expectExperts, routeOracle } from './expert-oracle';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { rowsOfMatrix, type TestMatrix } from './test-matrix';
import { rowOf, withBench } from './workbench';

export function describeRoute(deviceOf: DeviceOf): void {
  const run = async (logits: Float32Array, experts: number, used: number, scale: number): Promise<Uint32Array> =>
    await withBench(deviceOf(), async (bench) => {
      const rows = logits.length / experts;
      bench.stepOf(rows);
      const routes = bench.empty('routes', rows * used * 8);
      const dispatch = route({ logits: bench.floats('logits', logits), routes, experts, used, scale });
      return new Uint32Array((await bench.run([dispatch], rows, routes)).buffer);
    });

  const patterns: Readonly<Record<string, (random: Random) => number>> = {
    random: (random) => random.between(-8, 8),
    'far apart': (random) => random.between(-400, 400),
    'many ties': (random) => random.integer(-1, 1),
    'all equal': () => -1.5,
    'both zeros': (random) => (random.integer(0, 1) === 0 ? 0 : -0),
  };
  const sizes = [
    [1, 1],
    [4, 2],
    [8, 8],
    [32, 4],
    [63, 3],
    [65, 64],
    [128, 8],
    [300, 10],
  ] as const;

  describe('route', () => {
    it.each(sizes)('of %i experts %i', async (experts, used) => {
      for (const [name, draw] of Object.entries(patterns)) {
        const random = new Random(600 + experts);
        const logits = Float32Array.from({ length: 5 * experts }, () => draw(random));
        const { chosen, weights } = routeOracle(logits, experts, used, 0.5);
        const actual = await run(logits, experts, used, 0.5);
        expect(
          [...actual].filter((_, i) => i % 2 === 0),
          name,
        ).toEqual(chosen);
        weights.check(
          new Float32Array(actual.buffer).filter((_, i) => i % 2 === 1),
          name,
        );
      }
    });

    it('takes a NaN first, and shows it in the weights', async () => {
      const actual = await run(Float32Array.of(3, NaN, 5, -1), 4, 2, 1);
      expect([actual[0], actual[2]]).toEqual([1, 2]);
      expect([...new Float32Array(actual.buffer)].filter((_, i) => i % 2 === 1)).toEqual([NaN, NaN]);
    });
  });
}

interface ExpertCase {
  readonly format: QuantFormat;
  readonly rows: number;
  readonly columns: number;
  readonly epilogue: Epilogue;
  readonly biases: boolean;
  readonly activation: GluKind;
}

const EXPERTS = 5;
const USED = 3;
/** Routes of the tokens: any expert at any place, also in different orders, and all tokens with the last. */
const ROUTES = [
  [4, 0, 2],
  [1, 4, 3],
  [4, 2, 1],
  [0, 3, 4],
];
const OFFSET = 2;
/** Fewer units than lanes and more, fewer rows than threads and more. */
const SHAPES = [
  [1, 32],
  [63, 96],
  [65, 576],
  [3, 2080],
] as const;
const ACTIVATIONS = ['silu', 'gelu', 'swiglu-oai'] as const;

function matrixOf(format: QuantFormat, rows: number, columns: number, random: Random): TestMatrix {
  const bytes = sampleBlocks(format, (rows * columns) / format.blockElements, random.draw);
  return { format, rows, columns, bytes, values: new Float64Array(dequantize(format, bytes)) };
}

/** Everything that one dispatch reads, drawn. */
function drawCase({ format, rows, columns, epilogue, biases }: ExpertCase, spread: number) {
  const random = new Random(620 + rows + columns);
  const matrixRows = EXPERTS * rows * (epilogue === 'glu' ? 2 : 1);
  const perRoute = epilogue !== 'add';
  const yStride = OFFSET + rows + 1;
  return {
    matrix: matrixOf(format, matrixRows, columns, random),
    x: random.floats(ROUTES.length * (perRoute ? 1 : USED) * columns, -spread, spread),
    weights: random.floats(ROUTES.length * USED, 0, 1),
    biases: biases ? [1, 2].slice(0, epilogue === 'glu' ? 2 : 1).map(() => random.floats(EXPERTS * rows, -4, 4)) : [],
    before: random.floats(ROUTES.length * (perRoute ? USED : 1) * yStride),
    yStride,
  };
}

type DrawnCase = ReturnType<typeof drawCase>;

/** Some of the experts of a matrix: of gates above ups those of both. */
function expertsOf(matrix: TestMatrix, [first, last]: readonly [number, number], bands: 1 | 2): TestMatrix {
  const each = matrix.rows / bands / EXPERTS;
  const parts = Array.from({ length: bands }, (_, band) =>
    rowsOfMatrix(matrix, (band * EXPERTS + first) * each, (last - first) * each),
  );
  return {
    ...matrix,
    rows: bands * (last - first) * each,
    bytes: Uint8Array.from(parts.flatMap(({ bytes }) => [...bytes])),
    values: Float64Array.from(parts.flatMap(({ values }) => [...values])),
  };
}

/** Runs the tokens `from` … `to` of a drawn case, the experts in one dispatch or in some; their part of y. */
async function runTokens(
  deviceOf: DeviceOf,
  args: ExpertCase & { readonly variant: MatvecVariant },
  drawn: DrawnCase,
  [from, to]: readonly [number, number],
  slices: readonly (readonly [number, number])[] = [[0, EXPERTS]],
): Promise<Float32Array> {
  const cut = (values: Float32Array): Float32Array<ArrayBuffer> => {
    const each = values.length / ROUTES.length;
    return new Float32Array(values.subarray(from * each, to * each));
  };
  return await withBench(deviceOf(), async (bench) => {
    bench.stepOf(to - from);
    const routes = new Uint32Array(ROUTES.flat().flatMap((expert) => [expert, 0]));
    const shares = new Float32Array(routes.buffer);
    drawn.weights.forEach((weight, i) => (shares[2 * i + 1] = weight));
    const y = bench.floats('y', cut(drawn.before));
    const given = {
      ...args,
      allExperts: EXPERTS,
      used: USED,
      routes: bench.words('routes', routes.slice(from * USED * 2, to * USED * 2)),
      x: bench.floats('x', cut(drawn.x)),
      y,
      yStride: drawn.yStride,
      yOffset: OFFSET,
      biases: drawn.biases.map((bias) => bench.floats('bias', bias)),
    };
    const dispatches = slices.map(([first, last]) => {
      const weights = bench.weights(expertsOf(drawn.matrix, [first, last], args.epilogue === 'glu' ? 2 : 1));
      return expertMatvec({ ...given, weights, experts: last - first, firstExpert: first });
    });
    return await bench.runFloats(dispatches, to - from, y);
  });
}

async function check(
  deviceOf: DeviceOf,
  args: ExpertCase & { readonly variant: MatvecVariant },
  spread = 1,
  slices?: Parameters<typeof runTokens>[4],
): Promise<void> {
  const drawn = drawCase(args, spread);
  const expected = new Expected(new Float64Array(drawn.before));
  expectExperts(expected, { ...args, ...drawn, experts: EXPERTS, routes: ROUTES, yOffset: OFFSET });
  const actual = await runTokens(deviceOf, args, drawn, [0, ROUTES.length], slices);
  expected.check(actual, `${args.variant}, ${args.rows} × ${args.columns} ${args.epilogue}, biases: ${args.biases}`);
}

/** Every epilogue, with and without biases, and each kind of gated unit. */
const KINDS = [
  { epilogue: 'store', biases: false, activation: 'silu' },
  { epilogue: 'store', biases: true, activation: 'silu' },
  { epilogue: 'add', biases: false, activation: 'silu' },
  { epilogue: 'add', biases: true, activation: 'silu' },
  ...ACTIVATIONS.flatMap((activation) => [
    { epilogue: 'glu', biases: false, activation } as const,
    { epilogue: 'glu', biases: true, activation } as const,
  ]),
] as const;

/** One small product of each block format there is. */
export function describeExpertFormats(deviceOf: DeviceOf): void {
  const formats = QUANT_FORMATS.map((format, i) => [format.type, format, i] as const);
  it.each(formats)('expert_matvec of %s, the variants and the epilogues going round', async (_type, format, i) => {
    // An odd number of blocks a row, so that rows begin in the middle of a side plane's words.
    const columns = (format.blockElements === 256 ? 3 : 5) * Math.max(32, format.blockElements);
    const variant = MATVEC_VARIANTS[i % 3] ?? 'rows';
    const epilogue = (['store', 'add', 'glu'] as const)[Math.floor(i / 3) % 3] ?? 'store';
    await check(deviceOf, { format, rows: 9, columns, epilogue, biases: i % 2 === 0, activation: 'silu', variant });
  });
}

export function describeExpertMatvec(deviceOf: DeviceOf): void {
  describe('expert_matvec', () => {
    // Every kind in the plainest variant; what the others do with a sum is the same text, so that they go round.
    const kinds = KINDS.flatMap((kind, i) =>
      ['rows', i % 2 === 0 ? 'lanes' : 'subgroup'].map((variant) => ({ variant: variant as MatvecVariant, ...kind })),
    );
    it.each(kinds)('odd shapes: %j', async (kind) => {
      for (const [rows, columns] of SHAPES) await check(deviceOf, { ...kind, format: Q8_0, rows, columns });
    });

    // As on adapters whose buffers do not hold all experts.
    it.each(kinds.filter(({ activation }) => activation === 'silu'))(
      'some of the experts at a time, each leaving alone what is routed to others: %j',
      async (kind) => {
        const slices = [
          [0, 2],
          [2, 3],
          [3, EXPERTS],
        ] as const;
        await check(deviceOf, { ...kind, format: Q8_0, rows: 63, columns: 96 }, 1, slices);
      },
    );

    it('clamps where gate and up are far off', async () => {
      for (const variant of MATVEC_VARIANTS) {
        const kind = { variant, epilogue: 'glu', activation: 'swiglu-oai', biases: true } as const;
        for (const spread of [0, 0.1, 3, 100]) {
          await check(deviceOf, { ...kind, format: Q8_0, rows: 65, columns: 96 }, spread);
        }
      }
    });

    const alone = kinds.filter(({ activation, biases }) => activation === 'silu' && biases);
    it.each(alone)('gives a token the same bits alone and among others: %j', async (kind) => {
      const args = { ...kind, format: Q8_0, rows: 65, columns: 576 };
      const drawn = drawCase(args, 1);
      const together = await runTokens(deviceOf, args, drawn, [0, ROUTES.length]);
      const width = together.length / ROUTES.length;
      for (let token = 0; token < ROUTES.length; token++) {
        const own = await runTokens(deviceOf, args, drawn, [token, token + 1]);
        expectSame(own, rowOf(together, token, width), `token ${token}`);
      }
    });
  });
}
