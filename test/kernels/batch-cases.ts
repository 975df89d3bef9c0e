import { describe, expect, it } from 'vitest';
import type { Device } from '../../src/device/device';
import type { Epilogue } from '../../src/kernels/linear';
import {
  BATCH_WIDTHS,
  matvec,
  MATVEC_VARIANTS,
  type BatchWidth,
  type RoundedVariant,
  type MatvecVariant,
} from '../../src/kernels/matvec';
import { dequantize, type QuantFormat } from '../../src/quant/format';
import { Q4_1 } from '../../src/quant/q4_1';
import { Q8_0 } from '../../src/quant/q8_0';
import { sampleBlocks } from '../../src/quant/sample-blocks';
import { expectSame } from './expected';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { DRAWN_FORMATS, rowsOfMatrix } from './test-matrix';
import { withBench, type Workbench } from './workbench';

const MAX_ROWS = 16;
export const EPILOGUES: readonly Epilogue[] = ['store', 'add', 'glu'];
/** Columns of more units than a workgroup has threads, in whole blocks of every format; an odd number of rows. */
const COLUMNS = 9 * 256;
const ROWS = 3;
const Y_STRIDE = EPILOGUES.length * ROWS + 1;

type Epilogues = readonly Epilogue[];

/** Layers of some epilogues beside each other, in one y. */
interface Layers {
  readonly bench: Workbench;
  readonly format: QuantFormat;
  readonly variant: MatvecVariant | RoundedVariant;
  readonly weights: ReturnType<Workbench['weights']>;
  /** Gate above up, of as many rows each. */
  readonly gateUp: ReturnType<Workbench['weights']>;
  readonly x: Float32Array;
  readonly before: Float32Array;
  readonly epilogues: Epilogues;
  readonly ofOutputs: boolean;
  /** Where the epilogue is not `add`, as in models. */
  readonly isNormed: boolean;
  readonly norm: Float32Array;
}

type Drawn = 'bench' | 'weights' | 'gateUp' | 'x' | 'before' | 'norm';

function drawLayers(bench: Workbench, of: Omit<Layers, Drawn>): Layers {
  const random = new Random(601);
  const { format } = of;
  const bytes = sampleBlocks(format, (2 * ROWS * COLUMNS) / format.blockElements, random.draw);
  const values = new Float64Array(dequantize(format, bytes));
  const matrix = { format, rows: 2 * ROWS, columns: COLUMNS, bytes, values };
  const [gateUp, weights] = [bench.weights(matrix), bench.weights(rowsOfMatrix(matrix, 0, ROWS))];
  const x = random.floats(MAX_ROWS * COLUMNS);
  const before = random.floats(MAX_ROWS * Y_STRIDE);
  return { bench, weights, gateUp, x, before, norm: random.floats(COLUMNS, 0.5, 2), ...of };
}

/** Of 16, in an order of their own. */
function rowOfOutput(output: number): number {
  return (output * 7 + 3) % MAX_ROWS;
}

/** y after `count` rows ran in batches of `width`. */
async function run(layers: Layers, count: number, width: BatchWidth): Promise<Uint32Array> {
  const { bench, variant, weights, gateUp, epilogues, ofOutputs, isNormed } = layers;
  const rows = Array.from({ length: count }, (_, i) => i);
  const step = rows.map((position) => ({ token: 0, position, slot: 0, blocks: [0] }));
  // The other number is a wrong one.
  if (ofOutputs) bench.step(step.slice(0, 1), rows.map(rowOfOutput));
  else bench.step(step, [0]);
  const y = bench.floats('y', layers.before);
  const x = bench.floats('x', layers.x);
  const norm = { weight: bench.floats('norm', layers.norm), epsilon: 0.1 };
  const dispatches = epilogues.map((epilogue, i) =>
    matvec({
      ...(isNormed && epilogue !== 'add' && { norm }),
      weights: epilogue === 'glu' ? gateUp : weights,
      x,
      y,
      yStride: Y_STRIDE,
      yOffset: i * ROWS,
      epilogue,
      variant,
      batch: width,
      ofOutputs,
    }),
  );
  return new Uint32Array((await bench.run(dispatches, count, y)).buffer);
}

/** The narrowest width that takes so many rows at once. */
function widthOf(count: number): BatchWidth {
  return BATCH_WIDTHS.find((width) => width >= count) ?? 16;
}

/** Every number of rows, and those at which a batch is full or lacks a row. */
const ALL_COUNTS = Array.from({ length: MAX_ROWS }, (_, i) => i + 1);
const FEW_COUNTS = [1, 2, 3, 5, 8, 16];

/** So many rows in one batch, and 15 in several, have the bits of rows that run alone. */
export async function checkBatches(
  device: Device,
  of: Parameters<typeof drawLayers>[1],
  counts = ALL_COUNTS,
): Promise<void> {
  await withBench(device, async (bench) => {
    const layers = drawLayers(bench, of);
    const alone = await run(layers, MAX_ROWS, 1);
    expect([...new Float32Array(alone.buffer)].every(Number.isFinite)).toBe(true); // NaN would equal NaN
    const before = new Uint32Array(layers.before.buffer);
    const expectRows = async (count: number, width: BatchWidth): Promise<void> => {
      const expected = before.slice();
      expected.set(alone.subarray(0, count * Y_STRIDE));
      expectSame(await run(layers, count, width), expected, `${count} rows, ${width} at once`);
    };
    expect(alone).not.toEqual(before);
    for (const count of counts) await expectRows(count, widthOf(count));
    for (const width of [2, 4, 8] as const) await expectRows(15, width);
  });
}

/** With a norm, outputs have the bits of the rows that they name. */
async function checkOutputs(device: Device, variant: MatvecVariant | RoundedVariant): Promise<void> {
  await withBench(device, async (bench) => {
    const of = { format: Q8_0, variant, epilogues: ['store'], isNormed: true } as const;
    const rows = await run(drawLayers(bench, { ...of, ofOutputs: false }), MAX_ROWS, 1);
    const outputs = await run(drawLayers(bench, { ...of, ofOutputs: true }), MAX_ROWS, 4);
    for (let output = 0; output < MAX_ROWS; output++) {
      const [from, to] = [rowOfOutput(output) * Y_STRIDE, output * Y_STRIDE];
      expectSame(outputs.slice(to, to + ROWS), rows.slice(from, from + ROWS), `output ${output}`);
    }
  });
}

/** Rows that share a reading of the weights have the bits that each has alone. */
export function describeBatches(deviceOf: DeviceOf, names: readonly string[], formats: readonly QuantFormat[]): void {
  const variants = MATVEC_VARIANTS.filter((variant) => names.includes(variant));
  describe.each(variants)('batches of matvec %s', (variant) => {
    // Every epilogue of a few formats; the others' go round. test/long has every one of each.
    // The other shapes share what reads a block with rows.
    const few = variant === 'rows' ? formats : formats.filter((format) => [Q4_1, Q8_0].includes(format));
    const cases = few.map((format, i) => {
      const one = EPILOGUES.slice(i % EPILOGUES.length).slice(0, 1);
      return { type: format.type, format, epilogues: DRAWN_FORMATS.includes(format) ? EPILOGUES : one };
    });
    // Every second format has a norm, so that there are no more pipelines.
    const isNormed = (format: QuantFormat): boolean => formats.indexOf(format) % 2 === 1;
    it.each(cases)('$type: rows up to 16, $epilogues', async ({ format, epilogues }) => {
      const counts = format === Q8_0 ? ALL_COUNTS : FEW_COUNTS; // what differs is how a block is read, not how many rows
      const of = { format, variant, epilogues, ofOutputs: false, isNormed: isNormed(format) };
      await checkBatches(deviceOf(), of, counts);
    });

    it('outputs up to 16', async () => {
      const of = { format: Q8_0, variant, epilogues: ['store'], ofOutputs: true, isNormed: isNormed(Q8_0) } as const;
      await checkBatches(deviceOf(), of, FEW_COUNTS);
    });

    it('outputs of normed rows', async () => {
      await checkOutputs(deviceOf(), variant);
    });
  });
}
