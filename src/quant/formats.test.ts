import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ggmlTypeLayout } from '../gguf/ggml-type';
import { dequantize, type QuantFormat } from './format';
import { F16 } from './f16';
import { F32 } from './f32';
import { Q4_1 } from './q4_1';
import { Q8_0 } from './q8_0';
import { IQ1_GRID, IQ2_S_GRID, IQ2_XS_GRID, IQ2_XXS_GRID, IQ3_S_GRID, IQ3_XXS_GRID } from './iq-grids';
import { QUANT_FORMATS, quantFormat } from './registry';

// Halves by hand: sign, five bits of exponent (bias 15), ten of fraction.
const HALF_ONE = [0x00, 0x3c];
const HALF_MINUS_TWO = [0x00, 0xc0];
const HALF_SMALLEST = [0x01, 0x00]; // 2^-24, subnormal
const HALF_LARGEST_SUBNORMAL = [0xff, 0x03]; // 1023 · 2^-24
const HALF_LARGEST = [0xff, 0x7b]; // 65504
const HALF_ZERO = [0x00, 0x00];

/** The value of each of 32 elements. */
function elements(valueOf: (i: number) => number): number[] {
  return Array.from({ length: 32 }, (_, i) => valueOf(i));
}

interface Oracle {
  readonly bytes: Uint8Array;
  readonly values: Float32Array;
}

/** What Python's `gguf` gives: `raw` blocks of any bits, and `quantized` ones where it can make them. */
function oraclesOf({ type }: QuantFormat): ReadonlyMap<string, Oracle> {
  const text = readFileSync(`test/fixtures/quant/${type}.json`, 'utf8');
  const cases = Object.entries(JSON.parse(text) as Record<string, { bytes: string; values: string }>);
  return new Map(
    cases.map(([name, { bytes, values }]) => {
      const floats = Uint8Array.from(Buffer.from(values, 'base64'));
      return [name, { bytes: Uint8Array.from(Buffer.from(bytes, 'hex')), values: new Float32Array(floats.buffer) }];
    }),
  );
}

/** The bits of floats, that NaN, −0 and the last digit count. */
function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

describe.each(QUANT_FORMATS.map((format) => [format.type, format] as const))('%s', (type, format) => {
  const oracles = oraclesOf(format);
  const raw = oracles.get('raw') ?? { bytes: new Uint8Array(), values: new Float32Array() };

  it('has the size it has in files', () => {
    const { blockElements, blockBytes } = format;
    expect({ blockElements, blockBytes }).toEqual(ggmlTypeLayout(type));
  });

  it.each([...oracles])('gives the very values of ggml for %s blocks', (_name, { bytes, values }) => {
    const actual = dequantize(format, bytes);
    expect(actual.length).toBeGreaterThanOrEqual(32);
    expect(bitsOf(actual)).toEqual(bitsOf(values));
  });

  it('takes blocks at any offset and writes to any place', () => {
    const bytes = new Uint8Array(3 + 2 * format.blockBytes);
    bytes.set(raw.bytes.subarray(0, format.blockBytes), 3 + format.blockBytes);
    const out = new Float32Array(format.blockElements + 2).fill(9);
    format.dequantizeBlock(new DataView(bytes.buffer), 3 + format.blockBytes, out, 1);
    expect([...out]).toEqual([9, ...raw.values.slice(0, format.blockElements), 9]);
  });

  it('ignores bytes after the last whole block', () => {
    const bytes = new Uint8Array(2 * format.blockBytes + format.blockBytes - 1);
    expect(dequantize(format, bytes).length).toBe(2 * format.blockElements);
  });
});

describe('blocks made by hand', () => {
  it('F32: little-endian, extremes and subnormals as they are', () => {
    const bytes = [0x00, 0x00, 0x80, 0x3f, 0xff, 0xff, 0x7f, 0xff, 0x01, 0x00, 0x00, 0x00];
    expect([...dequantize(F32, Uint8Array.from(bytes))]).toEqual([1, -3.4028234663852886e38, 2 ** -149]);
  });

  it('F16: both signs, subnormals, the largest, infinity and NaN', () => {
    const bytes = [
      HALF_ONE,
      HALF_MINUS_TWO,
      HALF_SMALLEST,
      HALF_LARGEST_SUBNORMAL,
      HALF_LARGEST,
      [0x00, 0xfc],
      [0x01, 0x7c],
    ];
    const values = [1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, -Infinity, NaN];
    expect([...dequantize(F16, Uint8Array.from(bytes.flat()))]).toEqual(values);
  });

  it.each([
    ['one', HALF_ONE, 1, HALF_ZERO, 0],
    ['a negative scale and minimum', HALF_MINUS_TWO, -2, HALF_MINUS_TWO, -2],
    ['subnormal halves', HALF_LARGEST_SUBNORMAL, 1023 * 2 ** -24, HALF_SMALLEST, 2 ** -24],
    ['the largest halves', HALF_LARGEST, 65504, HALF_LARGEST, 65504],
    ['a scale of zero', HALF_ZERO, 0, HALF_ONE, 1],
  ])('Q4_1: nibble · scale + minimum with %s', (_name, scaleBytes, scale, minimumBytes, minimum) => {
    // Byte i holds i below and 15 − i above: element i is i, element 16 + i is 15 − i.
    const quants = Array.from({ length: 16 }, (_, i) => i + 16 * (15 - i));
    const actual = dequantize(Q4_1, Uint8Array.from([...scaleBytes, ...minimumBytes, ...quants]));
    expect([...actual]).toEqual(elements((i) => (i < 16 ? i : 31 - i) * scale + minimum));
  });

  it.each([
    ['one', HALF_ONE, 1],
    ['a negative scale', HALF_MINUS_TWO, -2],
    ['the smallest scale', HALF_SMALLEST, 2 ** -24],
    ['a subnormal scale', HALF_LARGEST_SUBNORMAL, 1023 * 2 ** -24],
    ['the largest scale', HALF_LARGEST, 65504],
  ])('Q8_0: signed byte · scale with %s', (_name, scaleBytes, scale) => {
    const quants = elements((i) => [-128, -127, -1, 0, 1, 127][i % 6] ?? 0);
    const actual = dequantize(Q8_0, Uint8Array.from([...scaleBytes, ...quants.map((quant) => quant & 0xff)]));
    expect([...actual].map((value) => value + 0)).toEqual(quants.map((quant) => quant * scale + 0));
  });
});

describe('quantFormat', () => {
  it('finds every format by its type', () => {
    for (const format of QUANT_FORMATS) expect(quantFormat(format.type, 'x')).toBe(format);
  });

  it('names the tensor, its type and what is supported', () => {
    expect(() => quantFormat('Q8_K', 'blk.3.attn_q.weight')).toThrow(
      expect.objectContaining({
        code: 'unsupported-quantisation',
        message: expect.stringMatching(/blk\.3\.attn_q\.weight.*Q8_K.*F32, F16, BF16, Q4_0.*MXFP4/),
      }),
    );
  });
});

describe('the grids of the IQ formats', () => {
  const texts = ['shaders/lib/iq_grids.wgsl', 'native-bridge/kernels/lib/iq_grids.h'].map((file) =>
    readFileSync(file, 'utf8'),
  );
  it.each([
    ['IQ1', IQ1_GRID, 2048],
    ['IQ2_S', IQ2_S_GRID, 1024],
    ['IQ2_XS', IQ2_XS_GRID, 512],
    ['IQ2_XXS', IQ2_XXS_GRID, 256],
    ['IQ3_S', IQ3_S_GRID, 512],
    ['IQ3_XXS', IQ3_XXS_GRID, 256],
  ])('%s is the same here, in the shaders and in the HIP kernels', (name, grid, points) => {
    expect(grid).toHaveLength(points);
    for (const text of texts) {
      const numbers = new RegExp(`\\b${name}_GRID\\b[^=]*= (?:array<u32, \\d+>\\(|{)([^)}]*)`).exec(text)?.[1] ?? '';
      const words = Uint32Array.from(numbers.match(/0x[0-9a-f]+/g) ?? [], Number);
      expect(new Uint16Array(words.buffer)).toEqual(grid);
    }
  });
});
