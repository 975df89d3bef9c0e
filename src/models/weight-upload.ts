import { assert } from '../base/assert';
import { MIB, roundUp } from '../base/units';
import { largestBufferBytes, type Device, type DeviceBuffer } from '../device/device';
import type { DeviceWeights } from './device-weights';
import { granuleBlocks, type MatrixSlice, type TensorRows } from './matrix-slices';
import { PlaneStaging, type StagedPart } from './plane-staging';
import { allWeights, type PlannedTensors, type VectorPlan, type WeightPlan } from './weight-plan';
import { matrixPlanes } from '../kernels/weight-matrix';
import { dequantize } from '../quant/format';

/**
 * What is on its way is at most 4 MiB: two windows, of which one is waited for while the other fills, and what is staged on the device.
 * A window is closed by the piece that fills it.
 */
const WINDOW_BYTES = 1.125 * MIB;
const PIECE_BYTES = 0.5 * MIB;

/** Takes the bytes of a range of the file in their order, in pieces of any size. */
interface Sink {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** Resolves when bytes may come. */
  open(): Promise<void>;
  write(bytes: Uint8Array): void;
  end(): void;
}

/**
 * Streams a model's bytes to the device as they arrive. The host holds one piece and less than one granule besides;
 * tensors that the network does not use are passed over. Blocks whose planes are apart are moved into them on the device.
 */
export class WeightUpload {
  private readonly sinks: Sink[];
  private staging: PlaneStaging | null;
  /** What is taken at once: a buffer that stages it must hold it. */
  private readonly pieceBytes: number;
  private position: number;
  /** How many of the sinks, the first ones, may get bytes. */
  private opened = 0;
  private windowBytes = 0;
  /** Resolves when the window before this one has left. */
  private leaving: Promise<void> = Promise.resolve();

  /** `position`: where in the file the first byte that `push` gets lies. What the device has to make first is begun. */
  constructor(
    private readonly device: Device,
    plan: WeightPlan | PlannedTensors,
    weights: DeviceWeights,
    position: number,
  ) {
    this.position = position;
    this.pieceBytes = Math.min(PIECE_BYTES, largestBufferBytes(device.limits));
    const parts = matrixPartsOf(plan, weights).sort((a, b) => a.offsetBytes - b.offsetBytes);
    const apart = parts.filter(({ format }) => format.side !== null);
    const staging = apart.length === 0 ? null : new PlaneStaging(device, apart, this.pieceBytes);
    this.staging = staging;
    const matrixSinks = parts.map((part) => {
      return new MatrixSink(
        part,
        staging === null || part.format.side === null ? directly(device, part) : through(staging, apart.indexOf(part)),
      );
    });
    this.sinks = [...matrixSinks, ...vectorSinksOf(device, plan, weights)].sort(
      (a, b) => a.offsetBytes - b.offsetBytes,
    );
  }

  /** The next bytes of the file. Rejects with `out-of-memory` when a buffer could not be made, with `device-lost`. */
  async push(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; at += this.pieceBytes) {
      const piece = bytes.subarray(at, at + this.pieceBytes);
      await this.openUntil(this.position + piece.byteLength);
      this.take(piece);
      this.windowBytes += piece.byteLength;
      if (this.windowBytes >= WINDOW_BYTES) await this.closeWindow();
    }
  }

  /** Opens what the bytes until `end` reach. */
  private async openUntil(end: number): Promise<void> {
    for (;;) {
      const sink = this.sinks[this.opened];
      if (sink === undefined || sink.offsetBytes >= end) return;
      await sink.open();
      this.opened += 1;
    }
  }

  /** After the last `push`: resolves when all has left. Rejects as `push` does. */
  async drain(): Promise<void> {
    await this.closeWindow();
    await this.leaving;
    if (this.staging === null) return;
    this.staging.free();
    this.staging = null;
    // How many readbacks were under way at once is a matter of luck, and steps need fewer.
    this.device.releaseStaging();
  }

  private async closeWindow(): Promise<void> {
    this.windowBytes = 0;
    const before = this.leaving;
    this.staging?.send();
    this.leaving = this.leave();
    this.leaving.catch(() => undefined); // heard by whoever closes the next window
    await before;
  }

  private async leave(): Promise<void> {
    await Promise.all([this.staging?.moved(), this.device.flush()]);
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
      this.opened -= 1;
      sink = this.sinks[0];
    }
    this.position = end;
  }

  /** True when every tensor has arrived. */
  get complete(): boolean {
    return this.sinks.length === 0;
  }
}

/** Rows of a tensor on their way into a matrix. */
interface MatrixPart extends StagedPart {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly firstBlock: number;
}

function matrixPartsOf(plan: WeightPlan | PlannedTensors, weights: DeviceWeights): MatrixPart[] {
  const slices = allWeights(plan).matrices.flatMap((matrix) => matrix.slices);
  return slices.flatMap((slice) => slice.parts.map((part) => matrixPartOf(slice, part, weights.matrix(slice).buffer)));
}

function matrixPartOf(slice: MatrixSlice, part: TensorRows, buffer: DeviceBuffer): MatrixPart {
  const { format, columns } = slice;
  const rowBlocks = columns / format.blockElements;
  return {
    format,
    planes: matrixPlanes(slice),
    buffer,
    offsetBytes: part.tensor.offsetBytes + part.tensorRow * rowBlocks * format.blockBytes,
    sizeBytes: part.rows * rowBlocks * format.blockBytes,
    firstBlock: part.firstRow * rowBlocks,
  };
}

function vectorSinksOf(device: Device, plan: WeightPlan | PlannedTensors, weights: DeviceWeights): Sink[] {
  const toDevice = allWeights(plan).vectors.map(
    (vector) =>
      new VectorSink(vector, (values) => device.write(weights.vector(vector), 0, new Uint8Array(values.buffer))),
  );
  const toHost = plan.hostTensors.map(
    (vector) => new VectorSink(vector, (values) => void weights.host.set(vector.name, values)),
  );
  return [...toDevice, ...toHost];
}

/** The way of a part's granules to their planes. */
interface Way {
  open(): Promise<void>;
  store(firstBlock: number, blocks: number, words: Uint8Array): void;
  end(): void;
}

/** Blocks that stay as they are: their plane is the file's bytes. */
function directly(device: Device, { buffer, planes }: StagedPart): Way {
  return {
    open: async () => undefined,
    store: (firstBlock, _blocks, words) => device.write(buffer, firstBlock * planes.mainBlockBytes, words),
    end: () => undefined,
  };
}

function through(staging: PlaneStaging, part: number): Way {
  return {
    open: () => staging.open(part),
    store: (firstBlock, blocks, words) => staging.add(part, firstBlock, blocks, words),
    end: () => staging.end(part),
  };
}

/** Gives whole granules on; what does not fill one waits for the next piece. */
class MatrixSink implements Sink {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  private block: number;
  private readonly blockBytes: number;
  private readonly granuleBytes: number;
  private rest: Uint8Array = new Uint8Array();

  constructor(
    { offsetBytes, sizeBytes, firstBlock, format }: MatrixPart,
    private readonly way: Way,
  ) {
    this.offsetBytes = offsetBytes;
    this.sizeBytes = sizeBytes;
    this.block = firstBlock;
    this.blockBytes = format.blockBytes;
    this.granuleBytes = granuleBlocks(format) * format.blockBytes;
  }

  open(): Promise<void> {
    return this.way.open();
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
    this.way.end();
  }

  private store(bytes: Uint8Array): void {
    const blocks = bytes.byteLength / this.blockBytes;
    this.way.store(this.block, blocks, wholeWords(bytes));
    this.block += blocks;
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

  async open(): Promise<void> {
    // It keeps what comes.
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
