import { defined } from '../base/assert';
import { roundUp } from '../base/units';
import type { Device, DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import type { LinearArgs } from '../kernels/linear';
import { matmul, TOKEN_TILE, type MatmulVariant } from '../kernels/matmul';
import { kvLayerBytes } from '../kernels/kv-layout';
import { matvec, type BatchWidth, type MatvecVariant } from '../kernels/matvec';
import { qkv } from '../kernels/qkv';
import { encodeStepInput } from '../kernels/step-input';
import { matrixPlanes, type WeightMatrix } from '../kernels/weight-matrix';
import { dequantize, type QuantFormat } from '../quant/format';
import { splitPlanes } from '../quant/planes';
import { sampleBlocks } from '../quant/sample-blocks';
import { holdsProduct } from './linear-oracle';

/** Shapes of some kernels. */
export interface Candidates {
  readonly matvecs: readonly MatvecVariant[];
  readonly matmuls: readonly MatmulVariant[];
}

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

/** More rows than a workgroup of any kernel has; and the same blocks again, in more units a row than it has threads. */
const TALL: Shape = { rows: 66, columns: 768, yOffset: 0 };
const WIDE: Shape = { rows: 22, columns: 2304, yOffset: TALL.rows };
const Y_STRIDE = TALL.rows + WIDE.rows + 1;
/** One more than the largest tile has. */
const MATMUL_TOKENS = 65;
const MATVEC_ROWS = 3;
/** The last batch of every width lacks a row. */
const BATCH_ROWS = 15;
/** WIDE as stacked Q, K and V: heads of one pair, almost all of them queries, because these come back. */
const HEADS = { heads: WIDE.rows / 2 - 2, kvHeads: 1, headSize: 2, pairs: 1 } as const;
const KV = { type: 'f16', pool: 'all', blocks: 1, ...HEADS } as const;
const EPILOGUES = ['store', 'add', 'glu'] as const;
/** What y holds before: a result that is not written is none. */
const BEFORE = 0.75;

/**
 * Holds kernels against the CPU on random matrices of `format`. These are small, because making pipelines costs most: it
 * needs none but those that the probe and the model take next. The adapter's buffers are the caller's until `free`.
 */
export class SelfTest {
  private readonly values: Float32Array; // of both shapes
  private readonly inputs: Float32Array; // [tokens, in whole tiles × TALL.columns]
  private readonly weights: DeviceBuffer;
  private readonly x: DeviceBuffer;
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
    this.inputs = Float32Array.from({ length: roundUp(MATMUL_TOKENS, TOKEN_TILE) * TALL.columns }, () => draw() - 0.5);
    this.weights = device.createBuffer('selftest.weights', planes.byteLength);
    this.x = device.createBuffer('selftest.x', this.inputs.byteLength);
    this.y = device.createBuffer('selftest.y', MATMUL_TOKENS * Y_STRIDE * 4);
    this.kv = device.createBuffer('selftest.kv', kvLayerBytes(KV));
    this.stepInput = device.createBuffer('selftest.step', stepOf(MATMUL_TOKENS).byteLength);
    device.write(this.weights, 0, planes);
    device.write(this.x, 0, new Uint8Array(this.inputs.buffer));
  }

  free(): void {
    for (const buffer of [this.weights, this.x, this.y, this.kv, this.stepInput]) this.device.destroyBuffer(buffer);
    this.device.releaseStaging();
  }

  /** The variants whose sums are those of the CPU, but for rounding. */
  async right({ matvecs, matmuls }: Candidates): Promise<Candidates> {
    const shapes = [TALL, WIDE];
    const cases = [
      ...matvecs.map((variant) => ({
        rows: MATVEC_ROWS,
        shapes,
        dispatches: shapes.map((shape) => matvec({ ...this.layer(shape), variant })),
      })),
      ...matmuls.map((variant) => ({
        rows: MATMUL_TOKENS,
        shapes: [TALL],
        dispatches: [matmul({ ...this.layer(TALL), variant })],
      })),
    ];
    const results = await this.run(cases);
    const { values: weights, inputs: x } = this;
    const verdicts = cases.map(({ rows: tokens, shapes }, i) => {
      const y = new Float32Array(defined(results[i], 'a result').buffer);
      return shapes.every((shape) => holdsProduct({ ...shape, weights, x, y, tokens, yStride: Y_STRIDE }));
    });
    return {
      matvecs: matvecs.filter((_, i) => verdicts[i]),
      matmuls: matmuls.filter((_, i) => verdicts[matvecs.length + i]),
    };
  }

  /** Of some batch widths, those whose rows have the bits that each has alone, with every epilogue and as queries. 1 is the first. */
  async equalWidths(variant: MatvecVariant, widths: readonly BatchWidth[]): Promise<readonly BatchWidth[]> {
    const { x, y } = this;
    const { weights } = this.layer(WIDE);
    const kv = { ...KV, buffer: this.kv };
    const ofLayers = widths.map((batch) =>
      EPILOGUES.map((epilogue, i) => matvec({ ...this.layer(WIDE), yOffset: i * WIDE.rows, epilogue, variant, batch })),
    );
    const ofQueries = widths.map((batch) => [qkv({ ...HEADS, weights, x, q: y, kv, table: 0, variant, batch })]);
    const results = await this.run([...ofLayers, ...ofQueries].map((dispatches) => ({ rows: BATCH_ROWS, dispatches })));
    const isAsAlone = (of: readonly Uint32Array[], i: number): boolean =>
      of[i]?.every((word, at) => word === of[0]?.[at]) === true;
    const [layers, queries] = [results.slice(0, widths.length), results.slice(widths.length)];
    return widths.filter((_, i) => isAsAlone(layers, i) && isAsAlone(queries, i));
  }

  /** y in words, [rows × Y_STRIDE], after each of some cases. Their pipelines are made side by side. */
  private async run(cases: readonly Case[]): Promise<Uint32Array[]> {
    const { device, stepInput, y } = this;
    const plans = await Promise.all(
      cases.map(({ dispatches }) => device.prepare({ label: 'selftest', stepInput, dispatches })),
    );
    try {
      const results: Uint32Array[] = [];
      for (const [i, { rows }] of cases.entries()) {
        const before = new Float32Array(rows * Y_STRIDE).fill(BEFORE);
        device.write(stepInput, 0, stepOf(rows));
        device.write(y, 0, new Uint8Array(before.buffer));
        const plan = defined(plans[i], 'a plan');
        const bytes = await device.submit([{ plan, rows }], { buffer: y, sizeBytes: before.byteLength });
        results.push(new Uint32Array(bytes.slice().buffer));
      }
      return results;
    } finally {
      for (const plan of plans) device.release(plan);
    }
  }

  private layer(shape: Shape): LinearArgs {
    const weights: WeightMatrix = { buffer: this.weights, format: this.format, ...shape };
    return { weights, x: this.x, y: this.y, yStride: Y_STRIDE, yOffset: shape.yOffset, epilogue: 'store' };
  }
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
