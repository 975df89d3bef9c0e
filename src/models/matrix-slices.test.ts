import { describe, expect, it } from 'vitest';
import { matrixPlanes } from '../kernels/weight-matrix';
import type { QuantFormat } from '../quant/format';
import { F16 } from '../quant/f16';
import { F32 } from '../quant/f32';
import { MXFP4 } from '../quant/mxfp4';
import { Q6_K } from '../quant/q6_k';
import { Q8_0 } from '../quant/q8_0';
import { QUANT_FORMATS } from '../quant/registry';
import { granuleBlocks, sliceMatrix, type MatrixSlice, type Slicing, type TensorRows } from './matrix-slices';

function tensor(name: string): TensorRows['tensor'] {
  return { name, type: 'F32', shape: [], offsetBytes: 0, sizeBytes: 0 };
}

/** A matrix of tensors named a, b, c … with so many rows each. */
function sliced(
  format: QuantFormat,
  columns: number,
  tensorRows: readonly number[],
  maxBytes: number,
  slicing: Slicing = 'rows',
): readonly MatrixSlice[] {
  let rows = 0;
  const tensors = tensorRows.map((length, i) => {
    const firstRow = rows;
    rows += length;
    return { tensor: tensor('abc'[i] ?? ''), tensorRow: 0, rows: length, firstRow };
  });
  return sliceMatrix({ name: 'm', format, rows, columns }, tensors, slicing, maxBytes);
}

/** Slices as [first row, rows, parts], a part as tensor:row+rows@row in the slice. */
function shown(slices: readonly MatrixSlice[]): (readonly [number, number, string])[] {
  return slices.map(({ firstRow, rows, parts }) => [
    firstRow,
    rows,
    parts.map((part) => `${part.tensor.name}:${part.tensorRow}+${part.rows}@${part.firstRow}`).join(' '),
  ]);
}

describe('sliceMatrix', () => {
  it('leaves a matrix whole that fits', () => {
    const slices = sliced(F32, 32, [10, 5], 15 * 128);
    expect(shown(slices)).toEqual([[0, 15, 'a:0+10@0 b:0+5@10']]);
    expect(slices[0]?.name).toBe('m');
    expect(shown(sliced(F32, 32, [10, 10], Infinity, 'gated'))).toEqual([[0, 20, 'a:0+10@0 b:0+10@10']]);
  });

  it('cuts rows into few pieces of about one size, across tensors', () => {
    const slices = sliced(F32, 32, [10, 5], 15 * 128 - 1);
    expect(shown(slices)).toEqual([
      [0, 8, 'a:0+8@0'],
      [8, 7, 'a:8+2@0 b:0+5@2'],
    ]);
    expect(slices.map(({ name }) => name)).toEqual(['m[0…7]', 'm[8…14]']);
    expect(shown(sliced(F32, 32, [10, 5], 4 * 128))).toEqual([
      [0, 4, 'a:0+4@0'],
      [4, 4, 'a:4+4@0'],
      [8, 4, 'a:8+2@0 b:0+2@2'],
      [12, 3, 'b:2+3@0'],
    ]);
  });

  it('keeps rows of gate and up together, of two tensors and of one', () => {
    expect(shown(sliced(F32, 32, [5, 5], 5 * 128, 'gated'))).toEqual([
      [0, 4, 'a:0+2@0 b:0+2@2'],
      [2, 4, 'a:2+2@0 b:2+2@2'],
      [4, 2, 'a:4+1@0 b:4+1@1'],
    ]);
    expect(shown(sliced(F32, 32, [10], 8 * 128, 'gated'))).toEqual([
      [0, 6, 'a:0+3@0 a:5+3@3'],
      [3, 4, 'a:3+2@0 a:8+2@2'],
    ]);
  });

  it('begins slices, and up in them, where both planes stand at a whole word', () => {
    // Rows of one block: two of Q8_0 and four of MXFP4 make a granule.
    expect(shown(sliced(Q8_0, 32, [9], 5 * 34))).toEqual([
      [0, 4, 'a:0+4@0'],
      [4, 4, 'a:4+4@0'],
      [8, 1, 'a:8+1@0'],
    ]);
    expect(shown(sliced(MXFP4, 32, [9], 7 * 17)).toString()).toBe('0,4,a:0+4@0,4,4,a:4+4@0,8,1,a:8+1@0');
    expect(shown(sliced(MXFP4, 64, [9], 7 * 34)).toString()).toBe('0,6,a:0+6@0,6,3,a:6+3@0');
    expect(shown(sliced(Q8_0, 32, [6, 6], 7 * 34, 'gated')).toString()).toBe(
      '0,4,a:0+2@0 b:0+2@2,2,4,a:2+2@0 b:2+2@2,4,4,a:4+2@0 b:4+2@2',
    );
  });

  it.each(QUANT_FORMATS.map((format) => [format.type, format] as const))('%s: no slice exceeds', (_type, format) => {
    for (const columns of [256, 768]) {
      const rowBytes = (columns / format.blockElements) * format.blockBytes;
      for (const most of [4 * rowBytes, 5 * rowBytes + 1, 7 * rowBytes - 1, 12 * rowBytes]) {
        const slices = sliced(format, columns, [13], most);
        for (const slice of slices) expect(matrixPlanes(slice).totalBytes).toBeLessThanOrEqual(most);
        expect(slices.reduce((sum, { rows }) => sum + rows, 0)).toBe(13);
      }
    }
  });

  it('counts beyond 2³² bytes and elements', () => {
    const [rows, columns] = [262_144, 65_536];
    const slices = sliced(F16, columns, [rows], 2 ** 32 - 4);
    expect(slices.map(({ rows: count }) => count)).toEqual([...Array.from({ length: 8 }, () => 29_128), 29_120]);
    expect(shown(slices.slice(-1))).toEqual([[233_024, 29_120, 'a:233024+29120@0']]);
  });

  it('says what cannot be cut, and what would fit', () => {
    const refusal = (work: () => unknown): void =>
      expect(work).toThrow(
        expect.objectContaining({
          code: 'out-of-memory',
          message: expect.stringMatching(
            /^m can only be cut into pieces of .*; this adapter allows buffers of 1\.\d kB\. Choose/,
          ),
        }),
      );
    refusal(() => sliced(F32, 1024, [3], 1_000 + 24));
    refusal(() => sliced(Q6_K, 2048, [4], 1_100));
    // Five rows of one block have no whole granules: up would not begin at a whole word.
    refusal(() => sliced(Q8_0, 32, [82], 1_024, 'gated'));
  });
});

describe('granuleBlocks', () => {
  it('is where both planes stand at a whole word', () => {
    const granules = Object.fromEntries(QUANT_FORMATS.map((format) => [format.type, granuleBlocks(format)]));
    expect(granules).toMatchObject({ F32: 1, F16: 2, Q4_1: 1, Q8_0: 2 });
    for (const { blockBytes, side, type } of QUANT_FORMATS) {
      const sideBytes = side?.sizeBytes ?? 0;
      expect(((granules[type] ?? 0) * (blockBytes - sideBytes)) % 4, type).toBe(0);
      expect(((granules[type] ?? 0) * sideBytes) % 4, type).toBe(0);
    }
  });
});
