import { describe, it } from 'vitest';
import { defined } from '../../src/base/assert';
import type { Device } from '../../src/device/device';
import type { Dispatch } from '../../src/device/plan';
import { kvLayerBytes, type KvLayer, type KvPool } from '../../src/kernels/kv-layout';
import {
  BATCH_WIDTHS,
  matvec,
  MATVEC_VARIANTS,
  type BatchWidth,
  type RoundedVariant,
  type MatvecVariant,
} from '../../src/kernels/matvec';
import { qkv } from '../../src/kernels/qkv';
import { ropeKv } from '../../src/kernels/rope-kv';
import { dequantize, type QuantFormat } from '../../src/quant/format';
import { Q8_0 } from '../../src/quant/q8_0';
import { sampleBlocks } from '../../src/quant/sample-blocks';
import { expectSame } from './expected';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { DRAWN_FORMATS, type TestMatrix } from './test-matrix';
import { tablesOf, withBench, type Workbench } from './workbench';

interface Shape {
  readonly headSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Rotated ones a head. */
  readonly pairs: number;
  readonly columns: number;
}

interface QkvCase extends Shape {
  readonly format: QuantFormat;
  readonly variant: MatvecVariant | RoundedVariant;
  readonly type: 'f16' | 'f32';
  readonly pool: KvPool;
}

/** More units than a workgroup has threads; in whole blocks of every format. */
const WIDE = 9 * 256;
/** Of pairs of rows fewer than a workgroup takes, and some more than one does; heads rotated whole, in part and not at all. */
const SHAPES: readonly Shape[] = [
  { headSize: 4, heads: 1, kvHeads: 1, pairs: 2, columns: WIDE },
  { headSize: 36, heads: 3, kvHeads: 1, pairs: 10, columns: 96 },
  { headSize: 64, heads: 2, kvHeads: 1, pairs: 0, columns: 32 },
  { headSize: 20, heads: 6, kvHeads: 3, pairs: 10, columns: 160 },
];
const MAX_ROWS = 16;
const BLOCKS = 9;

const ropeTable =
  (table: number, pairs: number) =>
  (position: number): Float32Array =>
    Float32Array.from({ length: pairs * 2 }, (_, i) => {
      const radians = position * (table + 1) * 0.7 ** (i >> 1);
      return i % 2 === 0 ? Math.cos(radians) : Math.sin(radians);
    });

/** Rows of two sequences with shuffled blocks, up to position 62. */
function setStep(bench: Workbench, { pool, pairs }: QkvCase, count: number): void {
  const tables = [tablesOf(pool, [3, 1, 7, 5]), tablesOf(pool, [8, 2, 6, 4])] as const;
  const rows = Array.from({ length: count }, (_, i) => ({
    token: 0,
    position: i * 4 + 2,
    slot: 0,
    ...tables[i % 2 === 0 ? 0 : 1],
  }));
  bench.step(rows, [], [ropeTable(0, pairs), ropeTable(1, pairs)]);
}

/** [(heads + 2·kvHeads)·headSize × columns] */
function drawMatrix(of: QkvCase, random: Random): TestMatrix {
  const { format, columns } = of;
  const rows = (of.heads + 2 * of.kvHeads) * of.headSize;
  const bytes = sampleBlocks(format, (rows * columns) / format.blockElements, random.draw);
  return { format, rows, columns, bytes, values: new Float64Array(dequantize(format, bytes)) };
}

/** What rows 0 … count − 1 leave in q and in the cache, as words: fused in batches of `width`, or with `null` one after the other. */
type Run = (count: number, width: BatchWidth | null) => Promise<readonly Uint32Array[]>;

function runOn(bench: Workbench, of: QkvCase): Run {
  const { type, heads, kvHeads, headSize, pairs, pool, variant, columns } = of;
  const random = new Random(801);
  const matrix = drawMatrix(of, random);
  const weights = bench.weights(matrix);
  const x = bench.floats('x', random.floats(MAX_ROWS * columns));
  // Of one format, so that there are no more pipelines.
  const isNormed = of.format === Q8_0;
  const input = {
    x,
    ...(isNormed && { norm: { weight: bench.floats('norm', random.floats(columns, 0.5, 2)), epsilon: 0.1 } }),
  };
  const layer = { type, kvHeads, headSize, blocks: BLOCKS, pool };
  // What nobody writes must stay; an odd number, which no half of it is a result.
  const before = new Uint32Array(kvLayerBytes(layer) / 4).fill(0x54d154d1);
  return async (count, width) => {
    setStep(bench, of, count);
    const kv: KvLayer = { ...layer, buffer: bench.words('kv', before) };
    const q = bench.floats('q', new Float32Array(MAX_ROWS * heads * headSize).fill(0.75));
    const turn = { q, kv, heads, pairs, table: 1 };
    const apart = (): Dispatch[] => {
      const y = bench.empty('qkv', count * matrix.rows * 4);
      return [
        matvec({ ...input, weights, y, yStride: matrix.rows, epilogue: 'store', variant }),
        ropeKv({ ...turn, qkv: y, pairing: 'neighbours' }),
      ];
    };
    const dispatches = width === null ? apart() : [qkv({ ...turn, ...input, weights, variant, batch: width })];
    const queries = await bench.run(dispatches, count, q);
    return [queries, await bench.read(kv.buffer)].map((bytes) => new Uint32Array(bytes.buffer));
  };
}

/** The narrowest width that takes so many rows at once. */
function widthOf(count: number): BatchWidth {
  return BATCH_WIDTHS.find((width) => width >= count) ?? MAX_ROWS;
}

async function checkFused(device: Device, of: QkvCase, batches: readonly (readonly [number, BatchWidth])[]) {
  await withBench(device, async (bench) => {
    const run = runOn(bench, of);
    const counts = [...new Set(batches.map(([count]) => count))];
    for (const count of counts) {
      const apart = await run(count, null);
      for (const [rows, width] of batches) {
        if (rows !== count) continue;
        const fused = await run(count, width);
        apart.forEach((words, i) =>
          expectSame(defined(fused[i], 'a result'), words, `${count} rows, ${width} at once, result ${i}`),
        );
      }
    }
  });
}

/** One dispatch leaves the very bits that matvec and rope_kv leave one after the other, in whatever batch. */
export function describeQkv(deviceOf: DeviceOf, names: readonly string[]): void {
  const variants = MATVEC_VARIANTS.filter((variant) => names.includes(variant));
  describe.each(variants)('qkv %s: the bits of matvec and rope_kv', (variant) => {
    const cases = SHAPES.map((shape, i) => ({
      ...shape,
      type: i % 2 === 0 ? ('f16' as const) : ('f32' as const),
      pool: i % 3 === 0 ? ('window' as const) : ('all' as const),
    }));
    it.each(cases)(
      '$type, $heads / $kvHeads heads of $headSize, $pairs pairs rotated, $columns columns',
      async (of) => {
        const alone = [1, 3, MAX_ROWS].map((count) => [count, 1] as const);
        await checkFused(deviceOf(), { ...of, format: Q8_0, variant }, alone);
      },
    );

    // test/long has every format in every shape.
    it.each(variant === 'rows' ? DRAWN_FORMATS : DRAWN_FORMATS.slice(0, 2))('$type', async (format) => {
      await checkFormat(deviceOf(), format, variant);
    });
  });
}

/** The same over every number of rows. */
export function describeQkvBatches(deviceOf: DeviceOf, names: readonly string[]): void {
  const variants = MATVEC_VARIANTS.filter((variant) => names.includes(variant));
  it.each(variants)('qkv %s: the bits of matvec and rope_kv, in any batch of rows', async (variant) => {
    const of = { headSize: 12, heads: 3, kvHeads: 1, pairs: 4, columns: WIDE, type: 'f16', pool: 'all' } as const;
    const counts = Array.from({ length: MAX_ROWS }, (_, i) => [i + 1, widthOf(i + 1)] as const);
    const several = ([2, 4, 8] as const).map((width) => [15, width] as const);
    await checkFused(deviceOf(), { ...of, format: Q8_0, variant }, [...counts, ...several]);
  });
}

/** Rows, and how many share a reading of the weights: one alone, and three. */
export const FEW_QUERIES: readonly (readonly [number, BatchWidth])[] = [
  [1, 1],
  [3, 4],
];

export async function checkFormat(
  device: Device,
  format: QuantFormat,
  variant: MatvecVariant | RoundedVariant,
  batches = FEW_QUERIES,
): Promise<void> {
  const of = { headSize: 12, heads: 3, kvHeads: 1, pairs: 4, columns: 768, type: 'f16', pool: 'all' } as const;
  await checkFused(device, { ...of, format, variant }, batches);
}
