import { InvariantError } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { roundUp } from '../base/units';
import type { Device, DeviceBuffer, PreparedPlan } from '../device/device';
import type { Dispatch } from '../device/plan';
import { linearRows, type LinearArgs } from '../kernels/linear';
import { CHUNK_WIDTHS, matmul, TOKEN_TILE, type ChunkWidth } from '../kernels/matmul';
import { kvLayerBytes } from '../kernels/kv-layout';
import { matvec, isHalfVariant, type BatchWidth, type MatvecVariant, type RoundedVariant } from '../kernels/matvec';
import { qkv } from '../kernels/qkv';
import { encodeStepInput } from '../kernels/step-input';
import { matrixPlanes, type WeightMatrix } from '../kernels/weight-matrix';
import { dequantize, type QuantFormat } from '../quant/format';
import { splitPlanes } from '../quant/planes';
import { sampleBlocks } from '../quant/sample-blocks';
import { holdsProduct, normedRows, roundedToBytes, roundedToHalves } from './linear-oracle';

/** Shapes of matvec, and widths of matmul. */
export interface Candidates {
  readonly matvecs: readonly MatvecVariant[];
  readonly chunks: readonly ChunkWidth[];
}

type Rounding = 'none' | 'bytes' | 'halves';

/** x as kernels multiply it, and what that lets results be off by. */
const ROUNDED = {
  none: (x: Float32Array | Float64Array) => ({ x }),
  bytes: roundedToBytes,
  halves: roundedToHalves,
} as const satisfies Readonly<Record<Rounding, unknown>>;

interface Shape {
  readonly rows: number;
  readonly columns: number;
  /** Where its results lie in a row of y. */
  readonly yOffset: number;
}

/** Dispatches that run for so many rows. */
interface Case {
  readonly rows: number;
  readonly dispatches: readonly Dispatch[];
}

/** Linear layers of a variant beside each other, to be held against the CPU. */
interface Product extends Case {
  readonly of: string;
  readonly shapes: readonly Shape[];
  readonly isNormed: boolean;
  /** Of its rows of x. */
  readonly rounding: Rounding;
}

/** More rows than a workgroup of any kernel has; and the same blocks again, in more units a row than it has threads. */
const TALL: Shape = { rows: 66, columns: 768, yOffset: 0 };
const WIDE: Shape = { rows: 22, columns: 2304, yOffset: TALL.rows };
const Y_STRIDE = TALL.rows + WIDE.rows + 1;
/** One more than the widest tile has, so that all of its threads compute something. */
const MOST_TOKENS = Math.max(...CHUNK_WIDTHS) + 1;
const MATVEC_ROWS = 3;
/** The last batch of every width lacks a row. */
const BATCH_ROWS = 15;
/** WIDE as stacked Q, K and V: heads of one pair, almost all of them queries, because these come back. */
const HEADS = { heads: WIDE.rows / 2 - 2, kvHeads: 1, headSize: 2, pairs: 1 } as const;
const KV = { type: 'f16', pool: 'all', blocks: 1, ...HEADS } as const;
/** What models run: the residual stream is added to what is not normed, and gated is what is. */
const FORMS = [
  { isNormed: false, epilogue: 'store' },
  { isNormed: false, epilogue: 'add' },
  { isNormed: true, epilogue: 'store' },
  { isNormed: true, epilogue: 'glu' },
] as const;
/** Half as large as the mean square of the inputs: without it other numbers come out. */
const NORM_EPSILON = 1 / 24;
/** What y holds before: a result that is not written is none. */
const BEFORE = 0.75;

/**
 * Holds kernels against the CPU on random matrices of `format`. The matrices are small, and nearly all pipelines are those that the
 * probe and the models need next, because making pipelines costs most. The caller owns the adapter's buffers until `free`.
 */
export class SelfTest {
  private readonly values: Float32Array; // of both shapes
  private readonly inputs: Float32Array; // [tokens, in whole tiles × TALL.columns]
  private readonly normWeights: Float32Array; // [WIDE.columns]
  private readonly weights: DeviceBuffer;
  private readonly x: DeviceBuffer;
  private readonly norm: DeviceBuffer;
  private readonly y: DeviceBuffer; // [tokens × Y_STRIDE] f32
  private readonly kv: DeviceBuffer; // a cache of one block
  private readonly stepInput: DeviceBuffer;

  constructor(
    private readonly device: Device,
    private readonly format: QuantFormat,
  ) {
    const draw = numbers();
    const blocks = sampleBlocks(format, (TALL.rows * TALL.columns) / format.blockElements, draw);
    const planes = planesOf(format, blocks);
    this.values = dequantize(format, blocks);
    this.inputs = Float32Array.from({ length: roundUp(MOST_TOKENS, TOKEN_TILE) * TALL.columns }, () => draw() - 0.5);
    this.normWeights = Float32Array.from({ length: WIDE.columns }, () => draw() + 0.5);
    this.weights = device.createBuffer('selftest.weights', planes.byteLength);
    this.x = device.createBuffer('selftest.x', this.inputs.byteLength);
    this.norm = device.createBuffer('selftest.norm', this.normWeights.byteLength);
    this.y = device.createBuffer('selftest.y', MOST_TOKENS * Y_STRIDE * 4);
    this.kv = device.createBuffer('selftest.kv', kvLayerBytes(KV));
    this.stepInput = device.createBuffer('selftest.step', stepOf(MOST_TOKENS).byteLength);
    device.write(this.weights, 0, planes);
    device.write(this.x, 0, new Uint8Array(this.inputs.buffer));
    device.write(this.norm, 0, new Uint8Array(this.normWeights.buffer));
  }

  free(): void {
    const { weights, x, norm, y, kv, stepInput } = this;
    for (const buffer of [weights, x, norm, y, kv, stepInput]) this.device.destroyBuffer(buffer);
    this.device.releaseStaging();
  }

  /**
   * The shapes of matvec whose sums are those of the CPU, but for rounding; and of some widths of matmul those whose sums are, and have the bits of
   * the narrowest such one.
   */
  async right({ matvecs = [], chunks = [] }: Partial<Candidates>): Promise<Candidates> {
    const products = matvecs.flatMap((variant) => this.products(variant, 'none'));
    const rows = Math.max(...chunks) + 1;
    const tiles = chunks.map((width) => ({ rows, dispatches: [matmul({ ...this.layer(TALL), width })] }));
    const results = await this.run([...products, ...tiles]);
    const wrong = this.wrong(products, results);
    const ofTiles = results.slice(products.length);
    const of = { rows, shapes: [TALL], isNormed: false, rounding: 'none' } as const;
    const right = ofTiles.find((words) => this.holds(of, words)) ?? null;
    return {
      matvecs: matvecs.filter((variant) => !wrong.has(`matvec ${variant}`)),
      chunks: chunks.filter((_, i) => right !== null && areEqual(ofTiles[i] ?? null, right)),
    };
  }

  /** The variants whose sums are those of the CPU over rounded rows, but for rounding. */
  async rightRoundings<V extends RoundedVariant>(variants: readonly V[]): Promise<readonly V[]> {
    const products = variants.flatMap((variant) => this.products(variant, isHalfVariant(variant) ? 'halves' : 'bytes'));
    const wrong = this.wrong(products, await this.run(products));
    return variants.filter((variant) => !wrong.has(`matvec ${variant}`));
  }

  private products(variant: MatvecVariant | RoundedVariant, rounding: Rounding): readonly Product[] {
    const shapes = [TALL, WIDE];
    return [false, true].map((isNormed) => ({
      of: `matvec ${variant}`,
      rows: MATVEC_ROWS,
      shapes,
      isNormed,
      rounding,
      dispatches: shapes.map((shape) => matvec({ ...this.layer(shape), ...this.input(isNormed), variant })),
    }));
  }

  /** The names of those that do not hold. */
  private wrong(cases: readonly Product[], results: readonly (Uint32Array | null)[]): ReadonlySet<string> {
    return new Set(cases.filter((each, i) => !this.holds(each, results[i] ?? null)).map(({ of }) => of));
  }

  /** Of some batch widths, those whose rows have the bits that each has alone, in all that models run. 1 is the first. */
  async equalWidths(
    variant: MatvecVariant | RoundedVariant,
    widths: readonly BatchWidth[],
  ): Promise<readonly BatchWidth[]> {
    const plans = widths.map((batch) => [this.layers(variant, batch), this.queries(variant, batch)]);
    const results = await this.run(plans.flat().map((dispatches) => ({ rows: BATCH_ROWS, dispatches })));
    const each = results.length / widths.length;
    const isAsAlone = (words: Uint32Array | null, i: number): boolean => areEqual(words, results[i % each] ?? null);
    return widths.filter((_, width) =>
      results.every((words, i) => Math.floor(i / each) !== width || isAsAlone(words, i)),
    );
  }

  /** WIDE in every form. */
  private layers(variant: MatvecVariant | RoundedVariant, batch: BatchWidth): readonly Dispatch[] {
    let yOffset = 0;
    return FORMS.map(({ isNormed, epilogue }) => {
      const args = { ...this.layer(WIDE), ...this.input(isNormed), epilogue, yOffset, variant, batch };
      yOffset += linearRows(args);
      return matvec(args);
    });
  }

  /** WIDE as queries. */
  private queries(variant: MatvecVariant | RoundedVariant, batch: BatchWidth): readonly Dispatch[] {
    const { weights } = this.layer(WIDE);
    const kv = { ...KV, buffer: this.kv };
    return [qkv({ ...HEADS, ...this.input(true), weights, q: this.y, kv, table: 0, variant, batch })];
  }

  private input(isNormed: boolean): Pick<LinearArgs, 'x' | 'norm'> {
    return { x: this.x, ...(isNormed && { norm: { weight: this.norm, epsilon: NORM_EPSILON } }) };
  }

  private holds(
    { shapes, rows: tokens, isNormed, rounding }: Omit<Product, 'of' | 'dispatches'>,
    words: Uint32Array | null,
  ): boolean {
    if (words === null) return false;
    const { values: weights, inputs, normWeights: weight } = this;
    const y = new Float32Array(words.buffer);
    return shapes.every((shape) => {
      const norm = { weight, epsilon: NORM_EPSILON, columns: shape.columns };
      const rows = inputs.subarray(0, tokens * shape.columns);
      const x = isNormed ? normedRows(rows, norm) : rows;
      const result = { ...shape, weights, y, tokens, yStride: Y_STRIDE };
      return holdsProduct({ ...result, ...ROUNDED[rounding](x) });
    });
  }

  /** y in words, [rows × Y_STRIDE], after each of some cases; `null`: it cannot be made. Their pipelines are made side by side. */
  private async run(cases: readonly Case[]): Promise<(Uint32Array | null)[]> {
    const { device, stepInput, y } = this;
    const plans = await Promise.all(cases.map(({ dispatches }) => this.prepare(dispatches)));
    try {
      const results: (Uint32Array | null)[] = [];
      for (const [i, { rows }] of cases.entries()) {
        const plan = plans[i] ?? null;
        if (plan === null) {
          results.push(null);
          continue;
        }
        const before = new Float32Array(rows * Y_STRIDE).fill(BEFORE);
        device.write(stepInput, 0, stepOf(rows));
        device.write(y, 0, new Uint8Array(before.buffer));
        const bytes = await device.submit([{ plan, rows }], { buffer: y, sizeBytes: before.byteLength });
        results.push(new Uint32Array(bytes.slice().buffer));
      }
      return results;
    } finally {
      for (const plan of plans) if (plan !== null) device.release(plan);
    }
  }

  /** `null` where the driver cannot compile a kernel: that is one more way to be wrong. */
  private async prepare(dispatches: readonly Dispatch[]): Promise<PreparedPlan | null> {
    try {
      return await this.device.prepare({ label: 'selftest', stepInput: this.stepInput, dispatches });
    } catch (error) {
      if (error instanceof ForgelightError || error instanceof InvariantError) throw error;
      return null;
    }
  }

  private layer(shape: Shape): LinearArgs {
    const weights: WeightMatrix = { buffer: this.weights, format: this.format, ...shape };
    return { weights, x: this.x, y: this.y, yStride: Y_STRIDE, yOffset: shape.yOffset, epilogue: 'store' };
  }
}

/** Whether there are results, and the same ones to the bit. */
function areEqual(words: Uint32Array | null, others: Uint32Array | null): boolean {
  return words?.every((word, at) => word === others?.[at]) === true;
}

/** The same numbers in [0, 1) every time (Numerical Recipes' quick generator). */
function numbers(): () => number {
  let state = 1;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function stepOf(rows: number): Uint32Array {
  return encodeStepInput(
    Array.from({ length: rows }, (_, position) => ({ token: 0, position, slot: 0, blocks: [0] })),
    [],
    [(position) => Float32Array.of(Math.cos(position), Math.sin(position))],
  );
}

/** The matrix as it lies on the device. */
function planesOf(format: QuantFormat, blocks: Uint8Array): Uint8Array {
  const layout = matrixPlanes({ format, ...TALL });
  const { main, side } = splitPlanes(format, blocks);
  const planes = new Uint8Array(layout.totalBytes);
  planes.set(main);
  if (side !== null) planes.set(side, layout.sideOffsetBytes);
  return planes;
}
