import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/kernels/random';
import { randomMatrix } from '../../../test/kernels/test-matrix';
import { InvariantError } from '../../base/assert';
import { planeLayout, splitPlanes } from '../../quant/planes';
import { Q8_0 } from '../../quant/q8_0';
import { Memory } from './memory';
import { WeightRows, type WeightSource } from './weight-rows';

const ROWS = 5;
const COLUMNS = 96;
const ROW_BYTES = COLUMNS * 4;

function source(seed: number): { weights: WeightSource; values: Float64Array } {
  const matrix = randomMatrix(Q8_0, ROWS, COLUMNS, new Random(seed));
  const layout = planeLayout(Q8_0, (ROWS * COLUMNS) / 32);
  const memory = new Memory('w', layout.totalBytes);
  const { main, side } = splitPlanes(Q8_0, matrix.bytes);
  memory.bytes(0, main.byteLength).set(main);
  memory.bytes(layout.sideOffsetBytes, side?.byteLength ?? 0).set(side ?? []);
  const weights = { memory, format: Q8_0, columns: COLUMNS, sideOffsetBytes: layout.sideOffsetBytes };
  return { weights, values: matrix.values };
}

describe('WeightRows', () => {
  it('gives the rows of a matrix in planes', () => {
    const { weights, values } = source(1);
    const cache = new WeightRows(1e9);
    for (const row of [4, 0, 2, 4]) {
      expect([...cache.row(weights, row)]).toEqual(Array.from(values.subarray(row * COLUMNS, (row + 1) * COLUMNS)));
    }
  });

  it('keeps rows up to its limit, then dequantises each time the same', () => {
    const { weights } = source(2);
    const cache = new WeightRows(2 * ROW_BYTES);
    const first = [0, 1, 2].map((row) => cache.row(weights, row));
    const second = [0, 1, 2].map((row) => cache.row(weights, row));
    expect(second).toEqual(first);
    expect(second.map((row, i) => row === first[i])).toEqual([true, true, false]);
  });

  it('has room again when a buffer is forgotten or written', () => {
    const [a, b] = [source(3).weights, source(4).weights];
    const cache = new WeightRows(ROW_BYTES);
    cache.row(a, 0);
    expect(cache.row(b, 0)).not.toBe(cache.row(b, 0));
    cache.forget(a.memory);
    expect(cache.row(b, 0)).toBe(cache.row(b, 0));
    const old = cache.row(b, 0);
    b.memory.revision += 1;
    expect(cache.row(b, 0)).not.toBe(old);
    expect(cache.row(b, 0)).toBe(cache.row(b, 0));
  });

  it('refuses a row past the end of a plane', () => {
    expect(() => new WeightRows(1e9).row(source(5).weights, ROWS)).toThrow(InvariantError);
  });
});
