import type { Device, DeviceBuffer } from '../../src/device/device';
import type { Dispatch } from '../../src/device/plan';
import { encodeStepInput, type StepInputDraw, type StepInputPenalties } from '../../src/kernels/step-input';
import { matrixPlanes, type WeightMatrix } from '../../src/kernels/weight-matrix';
import type { QuantFormat } from '../../src/quant/format';
import { splitPlanes } from '../../src/quant/planes';
import { sampleBlocks } from '../../src/quant/sample-blocks';

/** What a case runs, and where its answer is. */
export interface Prepared {
  readonly dispatches: readonly Dispatch[];
  readonly result: DeviceBuffer;
  /** What holds more of it. */
  readonly also?: DeviceBuffer;
  /** Instead of the step that the others have. */
  readonly step?: DeviceBuffer;
  /** Ranges of positions that the step is said to see; 1 if not given. */
  readonly ranges?: number;
  /** Of whole numbers, which must be the same. */
  readonly exact?: boolean;
}

/** A kernel on small inputs, the same on every device. */
export interface SelfTestCase {
  readonly name: string;
  /** Rows, or outputs, that it runs for. */
  readonly rows: number;
  prepare(bench: SelfTestBench): Prepared;
}

/** Rotated pairs of the step's cos/sin table. */
export const TABLE_PAIRS = 8;
/** In blocks of 16 tokens. */
export const TEST_BLOCKS = 4;

const POSITIONS = [0, 17, 33] as const;
export const TEST_ROWS = POSITIONS.length;
export const TEST_OUTPUTS = 2;

const DRAW: StepInputDraw = { topK: 40, temperature: 0.8, topP: 0.9, minP: 0.05, unit: 0.375 };
const PENALTIES: Omit<StepInputPenalties, 'tokens'> = { repeat: 1.5, presence: 0.75, frequency: 0.5 };
/** Of the last row, and of the first, which has no other token than its own. */
const PENALISED = [20, 1] as const;

/** Inputs of one case on one device, drawn alike on every one. Owns its buffers until `free`. */
export class SelfTestBench {
  private readonly owned: DeviceBuffer[] = [];
  private state = 12_345;
  private readonly step: DeviceBuffer;

  constructor(private readonly device: Device) {
    const rows = POSITIONS.map((position, i) => ({ token: 2 * i + 1, position, slot: i, blocks: [2, 0, 3] }));
    const table = (position: number): Float32Array =>
      Float32Array.from({ length: 2 * TABLE_PAIRS }, (_, i) => {
        const angle = position / 10 ** (Math.floor(i / 2) / 2);
        return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
      });
    const draws = Array.from({ length: TEST_OUTPUTS }, () => DRAW);
    const penalties = PENALISED.map((tokens) => ({ ...PENALTIES, tokens }));
    this.step = this.words(encodeStepInput(rows, [2, 0], [table], draws, penalties));
  }

  /** In [0, 1). */
  private readonly draw = (): number => {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.state / 2 ** 32;
  };

  words(values: Uint32Array): DeviceBuffer {
    const buffer = this.empty(values.length);
    this.device.write(buffer, 0, values);
    return buffer;
  }

  /** Numbers between -2 and 2. */
  floats(count: number): DeviceBuffer {
    return this.words(new Uint32Array(Float32Array.from({ length: count }, () => 4 * this.draw() - 2).buffer));
  }

  /** Zeros. */
  empty(words: number): DeviceBuffer {
    const buffer = this.device.createBuffer('selftest', 4 * words);
    this.owned.push(buffer);
    return buffer;
  }

  /** Any bytes. */
  noise(words: number): DeviceBuffer {
    return this.words(Uint32Array.from({ length: words }, () => Math.floor(this.draw() * 2 ** 32)));
  }

  weights(format: QuantFormat, rows: number, columns: number): WeightMatrix {
    const layout = matrixPlanes({ format, rows, columns });
    const { main, side } = splitPlanes(
      format,
      sampleBlocks(format, (rows * columns) / format.blockElements, this.draw),
    );
    const planes = new Uint8Array(layout.totalBytes);
    planes.set(main);
    if (side !== null) planes.set(side, layout.sideOffsetBytes);
    return { buffer: this.words(new Uint32Array(planes.buffer)), format, rows, columns };
  }

  /** The case's answer on this device. */
  async run({ dispatches, result, also, step = this.step, ranges = 1 }: Prepared, rows: number): Promise<Uint8Array> {
    const { device } = this;
    const plan = await device.prepare({ label: 'selftest', stepInput: step, dispatches });
    const first = await device.submit([{ plan, rows, ranges }], { buffer: result, sizeBytes: result.sizeBytes });
    device.release(plan);
    if (also === undefined) return first;
    const second = await device.submit([], { buffer: also, sizeBytes: also.sizeBytes });
    const bytes = new Uint8Array(first.length + second.length);
    bytes.set(first);
    bytes.set(second, first.length);
    return bytes;
  }

  free(): void {
    for (const buffer of this.owned.splice(0)) this.device.destroyBuffer(buffer);
  }
}
