import type { Device, DeviceBuffer } from '../../src/device/device';
import type { Dispatch } from '../../src/device/plan';
import type { KvPool } from '../../src/kernels/kv-layout';
import {
  encodeStepInput,
  type RopeTable,
  type StepInputDraw,
  type StepInputPenalties,
  type StepInputRow,
} from '../../src/kernels/step-input';
import { matrixPlanes, type WeightMatrix } from '../../src/kernels/weight-matrix';
import { splitPlanes } from '../../src/quant/planes';
import type { TestMatrix } from './test-matrix';

/** Runs kernels of one case on a device and frees what it made. */
export class Workbench {
  private readonly owned: DeviceBuffer[] = [];
  private stepInput: DeviceBuffer;

  constructor(private readonly device: Device) {
    this.stepInput = this.words('step', encodeStepInput([], [], []));
  }

  words(label: string, data: Uint32Array): DeviceBuffer {
    const buffer = this.empty(label, data.byteLength);
    if (data.byteLength > 0) this.device.write(buffer, 0, data);
    return buffer;
  }

  floats(label: string, data: Float32Array): DeviceBuffer {
    return this.words(label, new Uint32Array(data.buffer, data.byteOffset, data.length));
  }

  /** Zeroed. */
  empty(label: string, sizeBytes: number): DeviceBuffer {
    const buffer = this.device.createBuffer(label, sizeBytes);
    this.owned.push(buffer);
    return buffer;
  }

  weights(matrix: TestMatrix): WeightMatrix {
    const layout = matrixPlanes(matrix);
    const { main, side } = splitPlanes(matrix.format, matrix.bytes);
    const planes = new Uint8Array(layout.totalBytes);
    planes.set(main);
    if (side !== null) planes.set(side, layout.sideOffsetBytes);
    const buffer = this.empty(`weights ${matrix.format.type}`, layout.totalBytes);
    this.device.write(buffer, 0, planes);
    return { buffer, format: matrix.format, rows: matrix.rows, columns: matrix.columns };
  }

  /** The step input of what runs from now on. */
  step(
    rows: readonly StepInputRow[],
    outputs: readonly number[] = [],
    tables: readonly RopeTable[] = [],
    draws: readonly StepInputDraw[] = [],
    penalties: readonly (StepInputPenalties | null)[] = [],
  ): void {
    this.stepInput = this.words('step', encodeStepInput(rows, outputs, tables, draws, penalties));
  }

  /** The same, of a kernel whose step input has a layout of its own. */
  stepWords(words: Uint32Array): void {
    this.stepInput = this.words('step', words);
  }

  /** A step of rows of which only the number matters. */
  stepOf(rows: number): void {
    const blocks = [0];
    this.step(Array.from({ length: rows }, () => ({ token: 0, position: 0, slot: 0, blocks })));
  }

  /** Runs the dispatches for `rows` that see up to `ranges` ranges of positions; the bytes of `result`. */
  async run(dispatches: readonly Dispatch[], rows: number, result: DeviceBuffer, ranges = 1): Promise<Uint8Array> {
    const plan = await this.device.prepare({ label: 'case', stepInput: this.stepInput, dispatches });
    const bytes = await this.device.submit([{ plan, rows, ranges }], { buffer: result, sizeBytes: result.sizeBytes });
    this.device.release(plan);
    return bytes;
  }

  async runFloats(
    dispatches: readonly Dispatch[],
    rows: number,
    result: DeviceBuffer,
    ranges = 1,
  ): Promise<Float32Array> {
    return new Float32Array((await this.run(dispatches, rows, result, ranges)).buffer);
  }

  async read(buffer: DeviceBuffer): Promise<Uint8Array> {
    return await this.device.submit([], { buffer, sizeBytes: buffer.sizeBytes });
  }

  free(): void {
    for (const buffer of this.owned) this.device.destroyBuffer(buffer);
    this.owned.length = 0;
  }
}

/** A row's block tables: `blocks` in the pool that a kernel is to use, block 0 everywhere in the other. */
export function tablesOf(pool: KvPool, blocks: readonly number[]): Pick<StepInputRow, 'blocks' | 'windowBlocks'> {
  const others = blocks.map(() => 0);
  return pool === 'window' ? { blocks: others, windowBlocks: blocks } : { blocks, windowBlocks: others };
}

/** Runs `work` on a bench that is freed afterwards, whatever happens. */
export async function withBench<T>(device: Device, work: (bench: Workbench) => Promise<T>): Promise<T> {
  const bench = new Workbench(device);
  try {
    return await work(bench);
  } finally {
    bench.free();
  }
}

/** The values of row `row` of [rows × width]. */
export function rowOf(values: Float32Array, row: number, width: number): Float32Array<ArrayBuffer> {
  return new Float32Array(values.subarray(row * width, (row + 1) * width));
}
