import { assert } from '../base/assert';
import { MIB, roundUp } from '../base/units';
import type { Device, DeviceBuffer } from '../device/device';
import type { DeviceWeights } from './device-weights';
import { granuleBlocks, type MatrixSlice, type TensorRows } from './matrix-slices';
import { allWeights, type PlannedTensors, type VectorPlan, type WeightPlan } from './weight-plan';
import { matrixPlanes } from '../kernels/weight-matrix';
import { dequantize, type QuantFormat } from '../quant/format';
import { splitPlanes, type PlaneLayout } from '../quant/planes';

/**
 * What is on its way to the device is at most 4 MiB: two windows, of which one is waited for while the other fills. A window is
 * closed by the piece that fills it.
 */
const WINDOW_BYTES = 1.25 * MIB;
const PIECE_BYTES = 0.5 * MIB;

/** Takes the bytes of a range of the file in their order, in pieces of any size. */
interface Sink {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  write(bytes: Uint8Array): void;
  end(): void;
}

/**
 * Streams a model's bytes to the device as they arrive. The host holds one piece and less than one granule besides;
 * tensors that the network does not use are passed over.
 */
export class WeightUpload {
  private readonly sinks: Sink[];
  private position: number;
  private windowBytes = 0;
  /** Resolves when the window before this one has left. */
  private leaving: Promise<void> = Promise.resolve();

  /** `position`: where in the file the first byte that `push` gets lies. */
  constructor(
    private readonly device: Device,
    plan: WeightPlan | PlannedTensors,
    weights: DeviceWeights,
    position: number,
  ) {
    this.position = position;
    this.sinks = sinksOf(device, plan, weights).sort((a, b) => a.offsetBytes - b.offsetBytes);
  }

  /** The next bytes of the file. Rejects with `out-of-memory` when a buffer could not be made. */
  async push(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      this.take(piece);
      this.windowBytes += piece.byteLength;
      if (this.windowBytes >= WINDOW_BYTES) await this.closeWindow();
    }
  }

  /** Resolves when all that was pushed has left. Rejects as `push` does. */
  async drain(): Promise<void> {
    await this.closeWindow();
    await this.leaving;
  }

  private async closeWindow(): Promise<void> {
    this.windowBytes = 0;
    const before = this.leaving;
    this.leaving = this.device.flush();
    this.leaving.catch(() => undefined); // heard by whoever closes the next window
    await before;
  }

  private take(bytes: Uint8Array): void {
    const end = this.position + bytes.byteLength;
    let sink = this.sinks[0];
    while (sink !== undefined && sink.offsetBytes < end) {
      const { offsetBytes, sizeBytes } = sink;
      const from = Math.max(offsetBytes, this.position);
      const to = Math.min(offsetBytes + sizeBytes, end);
      sink.write(bytes.subarray(from - this.position, to - this.position));
      if (to < offsetBytes + sizeBytes) break;
      sink.end();
      this.sinks.shift();
      sink = this.sinks[0];
    }
    this.position = end;
  }

  /** True when every tensor has arrived. */
  get complete(): boolean {
    return this.sinks.length === 0;
  }
}

function sinksOf(device: Device, plan: WeightPlan | PlannedTensors, weights: DeviceWeights): Sink[] {
  const { matrices, vectors } = allWeights(plan);
  const slices = matrices.flatMap((matrix) => matrix.slices);
  const matrixSinks = slices.flatMap((slice) =>
    slice.parts.map((part) => new MatrixSink(device, slice, part, weights.matrix(slice).buffer)),
  );
  const vectorSinks = vectors.map(
    (vector) =>
      new VectorSink(vector, (values) => device.write(weights.vector(vector), 0, new Uint8Array(values.buffer))),
  );
  const hostSinks = plan.hostTensors.map(
    (vector) => new VectorSink(vector, (values) => void weights.host.set(vector.name, values)),
  );
  return [...matrixSinks, ...vectorSinks, ...hostSinks];
}

/** Splits blocks into planes and writes whole granules; what does not fill one waits for the next piece. */
class MatrixSink implements Sink {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  private block: number;
  private readonly format: QuantFormat;
  private readonly planes: PlaneLayout;
  private readonly granuleBytes: number;
  private rest: Uint8Array = new Uint8Array();

  constructor(
    private readonly device: Device,
    slice: MatrixSlice,
    part: TensorRows,
    private readonly buffer: DeviceBuffer,
  ) {
    const { format, columns } = slice;
    const rowBlocks = columns / format.blockElements;
    this.offsetBytes = part.tensor.offsetBytes + part.tensorRow * rowBlocks * format.blockBytes;
    this.sizeBytes = part.rows * rowBlocks * format.blockBytes;
    this.block = part.firstRow * rowBlocks;
    this.format = format;
    this.planes = matrixPlanes(slice);
    this.granuleBytes = granuleBlocks(format) * format.blockBytes;
  }

  write(bytes: Uint8Array): void {
    let piece = bytes;
    if (this.rest.byteLength > 0) {
      const wanted = this.granuleBytes - this.rest.byteLength;
      this.rest = concat(this.rest, piece.subarray(0, wanted));
      piece = piece.subarray(wanted);
      if (this.rest.byteLength < this.granuleBytes) return;
      this.store(this.rest);
      this.rest = new Uint8Array();
    }
    const whole = piece.byteLength - (piece.byteLength % this.granuleBytes);
    if (whole > 0) this.store(piece.subarray(0, whole));
    if (whole < piece.byteLength) this.rest = piece.slice(whole);
  }

  end(): void {
    if (this.rest.byteLength > 0) this.store(this.rest);
    this.rest = new Uint8Array();
  }

  private store(blocks: Uint8Array): void {
    const { main, side } = splitPlanes(this.format, blocks);
    this.device.write(this.buffer, this.block * this.planes.mainBlockBytes, wholeWords(main));
    if (side !== null) {
      const sideBytes = this.format.side?.sizeBytes ?? 0;
      this.device.write(this.buffer, this.planes.sideOffsetBytes + this.block * sideBytes, wholeWords(side));
    }
    this.block += blocks.byteLength / this.format.blockBytes;
  }
}

/** Collects a small tensor and gives its values. */
class VectorSink implements Sink {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  private readonly bytes: Uint8Array;
  private filled = 0;

  constructor(
    private readonly vector: VectorPlan,
    private readonly store: (values: Float32Array<ArrayBuffer>) => void,
  ) {
    this.offsetBytes = vector.tensor.offsetBytes;
    this.sizeBytes = vector.tensor.sizeBytes;
    this.bytes = new Uint8Array(this.sizeBytes);
  }

  write(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.filled);
    this.filled += bytes.byteLength;
  }

  end(): void {
    assert(this.filled === this.bytes.byteLength, `all of ${this.vector.name} arrived`);
    this.store(dequantize(this.vector.format, this.bytes));
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}

/** The bytes, padded with zeros to whole words. */
function wholeWords(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength % 4 === 0) return bytes;
  const padded = new Uint8Array(roundUp(bytes.byteLength, 4));
  padded.set(bytes);
  return padded;
}
