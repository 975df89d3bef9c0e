import { describe, expect, it } from 'vitest';
import type { DeviceBuffer } from '../device/device';
import { F32 } from '../quant/f32';
import { Q4_1 } from '../quant/q4_1';
import { Q8_0 } from '../quant/q8_0';
import { embed, embedParams } from './embed';
import { linearParams, type Epilogue } from './linear';
import { CHUNK_WIDTHS, chunkWidthsOf, matmul, usefulChunkWidths } from './matmul';
import { matvec, MATVEC_VARIANTS, ROUNDED_VARIANTS } from './matvec';
import { qkv } from './qkv';

/** A WebGPU limit for each dimension of a grid. */
const MAX_GROUPS = 65_535;
const buffer: DeviceBuffer = { label: 'buffer', sizeBytes: 4 };
/** Small, around a workgroup, a vocabulary, and around the limits of every shape. */
const ROWS = [
  1, 7, 8, 9, 63, 64, 65, 255, 256, 257, 49_152, 65_535, 65_536, 65_537, 262_144, 524_279, 524_280, 524_281, 600_000,
  1_048_576,
];

function linear(rows: number, epilogue: Epilogue = 'store') {
  const weights = { buffer, format: Q4_1, rows, columns: 64 };
  return { weights, x: buffer, y: buffer, yStride: rows, epilogue };
}

/** Weight rows that a workgroup computes. */
const MATVEC_ROWS = { rows: 64, lanes: 8, subgroup: 1 } as const;

function shaderShape(shader: string): keyof typeof MATVEC_ROWS {
  const shape = MATVEC_VARIANTS.find((variant) => shader === `matvec_${variant}`);
  if (shape === undefined) throw new Error(`${shader} is not a shape of matvec`);
  return shape;
}

describe.each(MATVEC_VARIANTS)('the grid of matvec, %s', (variant) => {
  it.each(ROWS)('covers %i rows and fits', (rows) => {
    for (const batch of [1, 8]) {
      const { shader, grid } = matvec({ ...linear(rows), variant });
      const [x, y, z] = grid(batch, 1);
      expect(Math.max(x, y, z)).toBeLessThanOrEqual(MAX_GROUPS);
      expect(z).toBe(batch);
      const groupRows = MATVEC_ROWS[shaderShape(shader)];
      const spare = x * y * groupRows - rows;
      expect(spare).toBeGreaterThanOrEqual(0);
      // No line of workgroups is there for nothing.
      expect(spare).toBeLessThan(y * groupRows);
    }
  });

  it('is of its own shape as far as that reaches', () => {
    expect(matvec({ ...linear(524_280), variant }).shader).toBe(`matvec_${variant}`);
    const { shader, constants } = matvec({ ...linear(524_281), variant });
    expect(shader).toBe(variant === 'lanes' ? 'matvec_rows' : `matvec_${variant}`);
    expect(constants).toMatchObject({ EPILOGUE: 0 });
  });

  it.each([9, 524_280, 524_281])('takes a norm of what %i rows read', (rows) => {
    const { constants } = matvec({ ...linear(rows), norm: { weight: buffer, epsilon: 1e-5 }, variant });
    expect(constants).toMatchObject({ NORM: 1 });
    expect(matvec({ ...linear(rows), variant }).constants).toMatchObject({ NORM: 0 });
  });

  it('covers half the rows where gate and up become one', () => {
    const { grid, params } = matvec({ ...linear(512, 'glu'), variant });
    const [x, y] = grid(1, 1);
    expect(x * y * MATVEC_ROWS[variant]).toBe(256);
    expect(linearParams.decode(params).rows).toBe(256);
  });
});

describe.each(ROUNDED_VARIANTS)('the grid of matvec, %s', (variant) => {
  it.each(ROWS)('covers %i rows and fits', (rows) => {
    const { grid, constants } = matvec({ ...linear(rows), variant });
    const [x, y] = grid(1, 1);
    expect(x).toBeLessThanOrEqual(MAX_GROUPS);
    expect(y).toBe(1);
    expect(x).toBe(Math.ceil(rows / (64 / (constants['LANES'] ?? NaN))));
  });
});

describe.each([...MATVEC_VARIANTS, ...ROUNDED_VARIANTS])('the grid of qkv, %s', (variant) => {
  it('covers the pairs of rows, and no more', () => {
    const [heads, kvHeads, headSize] = [9, 3, 64];
    const weights = { buffer, format: Q4_1, rows: (heads + 2 * kvHeads) * headSize, columns: 64 };
    const kv = { buffer, type: 'f16', pool: 'all', kvHeads, headSize, blocks: 1 } as const;
    const { grid } = qkv({ weights, x: buffer, q: buffer, kv, heads, pairs: 32, table: 0, variant });
    const pairs = weights.rows / 2;
    const of = { rows: 64, lanes: 8, subgroup: 1, 'int8-rows': 64, 'int8-lanes': 8, 'f16-rows': 64, 'f16-lanes': 8 };
    expect(grid(1, 1)).toEqual([Math.ceil(pairs / of[variant]), 1, 1]);
  });
});

/** Weight rows of a tile. */
const MATMUL_ROWS = { 16: 64, 64: 64, 256: 64, 512: 32 } as const;

describe.each(CHUNK_WIDTHS)('the grid of matmul, %i tokens a tile', (width) => {
  const tileRows = MATMUL_ROWS[width];

  it.each(ROWS)('covers %i rows and fits', (rows) => {
    for (const tokens of [1, 7, 8, 9, 16, 17, 64, 65, 512, 4096]) {
      const [x, y, z] = matmul({ ...linear(rows), width }).grid(tokens, 1);
      expect(Math.max(x, y, z)).toBeLessThanOrEqual(MAX_GROUPS);
      expect(x).toBe(Math.ceil(tokens / width));
      expect(y).toBe(Math.ceil(rows / tileRows));
      expect(z).toBe(1);
    }
  });

  it('is not there for SwiGLU', () => {
    expect(() => matmul({ ...linear(64, 'glu'), width })).toThrow('glu');
  });

  it('is of tiles for which every device has threads and workgroup memory, or of the kernel without any', () => {
    const { shader, constants } = matmul({ ...linear(64), width });
    if (width === 16) {
      expect([shader, constants]).toEqual(['matmul_rows', { EPILOGUE: 0 }]);
      return;
    }
    expect([shader, constants]).toEqual(['matmul', { EPILOGUE: 0, TOKENS: width, ROWS: tileRows }]);
    expect((width / 8) * (tileRows / 8)).toBeLessThanOrEqual(256);
    expect(tileRows * 32 * 4).toBeLessThanOrEqual(16_384);
  });
});

describe('the widths of chunks', () => {
  it('are narrow on a software adapter, and at least a subgroup’s threads on a GPU', () => {
    expect(chunkWidthsOf({ isSoftware: true })).toEqual([16]);
    expect(chunkWidthsOf({ isSoftware: false })).toEqual([64, 256, 512]);
    expect(chunkWidthsOf({})).toEqual([64, 256, 512]);
  });

  it.each([
    [1, [64]],
    [64, [64]],
    [65, [64, 256]],
    [256, [64, 256]],
    [257, [64, 256, 512]],
    [4096, [64, 256, 512]],
  ])('that chunks of up to %i tokens have a use for end with one that takes them whole', (most, widths) => {
    expect(usefulChunkWidths([64, 256, 512], most)).toEqual(widths);
  });
});

describe('the grid of embed', () => {
  it.each([32, 64, 576, 2048, 2080, 8192])('covers rows of %i', (columns) => {
    const weights = { buffer, format: Q8_0, rows: 41, columns };
    const { grid, params } = embed({ weights, sampled: buffer, y: buffer, scale: 2 });
    expect(grid(5, 1)).toEqual([Math.ceil(columns / 32 / 64), 5, 1]);
    const given = { units: columns / 32, plane: (41 * columns) / 4, scale: 2, rows: 41 };
    expect(embedParams.decode(params)).toEqual({ ...given, firstRow: 0 });
    const later = embed({ weights, firstRow: 82, sampled: buffer, y: buffer, scale: 2 });
    expect(embedParams.decode(later.params)).toEqual({ ...given, firstRow: 82 });
  });
});

describe('the parameters of a linear layer', () => {
  it('say where its rows go and where the side plane begins', () => {
    const weights = { buffer, format: Q8_0, rows: 5, columns: 96 };
    const { params } = matvec({
      weights,
      x: buffer,
      y: buffer,
      yStride: 20,
      yOffset: 10,
      epilogue: 'add',
      variant: 'rows',
    });
    expect(linearParams.decode(params)).toEqual({
      rows: 5,
      units: 3,
      plane: (15 * 32) / 4,
      yStride: 20,
      yOffset: 10,
      scale: 1,
    });
    const plain = matvec({ ...linear(3), weights: { buffer, format: F32, rows: 3, columns: 32 }, variant: 'rows' });
    expect(linearParams.decode(plain.params)).toMatchObject({ plane: 96, yOffset: 0 });
  });
});
