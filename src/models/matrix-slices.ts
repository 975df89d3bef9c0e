import { ForgelightError } from '../base/errors';
import { divideUp, formatBytes, roundUp } from '../base/units';
import type { GgufTensor } from '../gguf/types';
import { matrixPlanes } from '../kernels/weight-matrix';
import type { QuantFormat } from '../quant/format';
import { planeLayout } from '../quant/planes';

/** What a matrix is, wherever it lies. */
export interface MatrixShape {
  readonly name: string;
  readonly format: QuantFormat;
  readonly rows: number;
  readonly columns: number;
}

/** Rows of a matrix in one buffer, with planes of their own. */
export interface MatrixSlice extends MatrixShape {
  /** Of the rows that the matrix gives, the first that this slice gives. */
  readonly firstRow: number;
  readonly parts: readonly TensorRows[];
}

/** `rows` rows of a tensor from `tensorRow` on: in a matrix, or a slice of one, they are the rows from `firstRow` on. */
export interface TensorRows {
  readonly tensor: GgufTensor;
  readonly tensorRow: number;
  readonly rows: number;
  readonly firstRow: number;
}

/**
 * `rows`: a slice holds rows that follow each other. `gated`: the matrix is gate above up, and a slice holds rows of gate
 * above the same rows of up.
 */
export type Slicing = 'rows' | 'gated';

/**
 * The matrix whole where a buffer of `maxBytes` holds it, else in as few slices as will do, of about one size. Throws `out-of-memory` for what
 * cannot be sliced so small.
 */
export function sliceMatrix(
  matrix: MatrixShape,
  tensors: readonly TensorRows[],
  slicing: Slicing,
  maxBytes: number,
): readonly MatrixSlice[] {
  if (matrixPlanes(matrix).totalBytes <= maxBytes) return [{ ...matrix, firstRow: 0, parts: tensors }];
  const bands = slicing === 'gated' ? 2 : 1;
  const given = matrix.rows / bands;
  const each = rowsOfSlice(matrix, bands, maxBytes);
  return Array.from({ length: divideUp(given, each) }, (_, i) => {
    const firstRow = i * each;
    const rows = Math.min(each, given - firstRow);
    const parts = Array.from({ length: bands }, (_band, band) =>
      cut(tensors, band * given + firstRow, rows, band * rows),
    );
    const name = `${matrix.name}[${firstRow}…${firstRow + rows - 1}]`;
    return { ...matrix, name, rows: bands * rows, firstRow, parts: parts.flat() };
  });
}

/** Blocks after which both planes stand at a whole word: tensors are stacked, sliced and uploaded in multiples of it. */
export function granuleBlocks(format: QuantFormat): number {
  const { mainBlockBytes } = planeLayout(format, 1);
  const sideBytes = format.side?.sizeBytes ?? 0;
  for (const blocks of [1, 2, 4]) {
    if ((blocks * mainBlockBytes) % 4 === 0 && (blocks * sideBytes) % 4 === 0) return blocks;
  }
  return 4;
}

/** Rows of each band that a slice holds: seams between slices, and between bands, fall on granules. */
function rowsOfSlice({ name, format, rows, columns }: MatrixShape, bands: number, maxBytes: number): number {
  const rowBlocks = columns / format.blockElements;
  const granule = granuleBlocks(format);
  const step = [1, 2].find((some) => (some * rowBlocks) % granule === 0) ?? 4;
  const stepBytes = bands * step * rowBlocks * format.blockBytes;
  const most = Math.floor(maxBytes / stepBytes) * step;
  const given = rows / bands;
  if (most > 0 && (bands === 1 || given % step === 0)) return roundUp(divideUp(given, divideUp(given, most)), step);
  const least = most > 0 ? matrixPlanes({ format, rows, columns }).totalBytes : stepBytes;
  throw new ForgelightError(
    'out-of-memory',
    `${name} can only be cut into pieces of ${formatBytes(least)}; this adapter allows buffers of ${formatBytes(maxBytes)}. Choose a model whose rows of weights fit into that.`,
  );
}

/** What lies in rows `from …` of the matrix, moved to row `to` of a slice. */
function cut(tensors: readonly TensorRows[], from: number, rows: number, to: number): TensorRows[] {
  return tensors.flatMap(({ tensor, tensorRow, rows: length, firstRow }) => {
    const start = Math.max(from, firstRow);
    const end = Math.min(from + rows, firstRow + length);
    if (start >= end) return [];
    return [{ tensor, tensorRow: tensorRow + start - firstRow, rows: end - start, firstRow: to + start - from }];
  });
}
