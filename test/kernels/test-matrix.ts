import { F16 } from '../../src/quant/f16';
import { F32 } from '../../src/quant/f32';
import type { QuantFormat } from '../../src/quant/format';
import { Q4_1 } from '../../src/quant/q4_1';
import { Q8_0 } from '../../src/quant/q8_0';
import { randomHalf, randomScale } from './half';
import type { Random } from './random';

/** A quantised matrix as in a file, and its values, both made from the same drawn numbers: no dequantiser is involved. */
export interface TestMatrix {
  readonly format: QuantFormat;
  readonly rows: number;
  readonly columns: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** [rows × columns] */
  readonly values: Float64Array;
}

/** Writes one random block at `at` of `bytes`; gives its values. */
type DrawBlock = (bytes: DataView, at: number, random: Random) => readonly number[];

const drawF32: DrawBlock = (bytes, at, random) => {
  const value = Math.fround(random.between(-1, 1));
  bytes.setFloat32(at, value, true);
  return [value];
};

const drawF16: DrawBlock = (bytes, at, random) => {
  const { bits, value } = randomHalf(random);
  bytes.setUint16(at, bits, true);
  return [value];
};

const drawQ4_1: DrawBlock = (bytes, at, random) => {
  const scale = randomScale(random);
  const minimum = randomHalf(random);
  bytes.setUint16(at, scale.bits, true);
  bytes.setUint16(at + 2, minimum.bits, true);
  const nibbles = Array.from({ length: 32 }, () => random.integer(0, 15));
  for (let i = 0; i < 16; i++) bytes.setUint8(at + 4 + i, (nibbles[i] ?? 0) + 16 * (nibbles[i + 16] ?? 0));
  return nibbles.map((nibble) => nibble * scale.value + minimum.value);
};

const drawQ8_0: DrawBlock = (bytes, at, random) => {
  const scale = randomScale(random);
  bytes.setUint16(at, scale.bits, true);
  const quants = Array.from({ length: 32 }, () => random.integer(-128, 127));
  quants.forEach((quant, i) => bytes.setInt8(at + 2 + i, quant));
  return quants.map((quant) => quant * scale.value);
};

const DRAWERS = new Map<QuantFormat, DrawBlock>([
  [F32, drawF32],
  [F16, drawF16],
  [Q4_1, drawQ4_1],
  [Q8_0, drawQ8_0],
]);

/** The formats that the kernel suite multiplies by shapes and variants; one matrix of each other is checked apart. */
export const DRAWN_FORMATS: readonly QuantFormat[] = [...DRAWERS.keys()];

export function randomMatrix(format: QuantFormat, rows: number, columns: number, random: Random): TestMatrix {
  const draw = DRAWERS.get(format);
  if (draw === undefined) throw new Error(`no random blocks of ${format.type}: add them to DRAWERS`);
  const blocks = (rows * columns) / format.blockElements;
  const bytes = new Uint8Array(blocks * format.blockBytes);
  const view = new DataView(bytes.buffer);
  const values = new Float64Array(rows * columns);
  let at = 0;
  for (let i = 0; i < blocks; i++) {
    for (const value of draw(view, i * format.blockBytes, random)) values[at++] = value;
  }
  return { format, rows, columns, bytes, values };
}

/** `rows` rows of a matrix from `first` on, as a matrix. */
export function rowsOfMatrix(matrix: TestMatrix, first: number, rows: number): TestMatrix {
  const { format, columns, bytes, values } = matrix;
  const rowBytes = (columns / format.blockElements) * format.blockBytes;
  return {
    format,
    rows,
    columns,
    bytes: bytes.slice(first * rowBytes, (first + rows) * rowBytes),
    values: values.slice(first * columns, (first + rows) * columns),
  };
}
