import { expect, it } from 'vitest';
import { GGML_TYPES, ggmlTypeById, ggmlTypeId, ggmlTypeLayout } from './ggml-type';

it('finds every type by its id and none behind withdrawn or unknown ones', () => {
  for (const type of GGML_TYPES) expect(ggmlTypeById(ggmlTypeId(type))).toBe(type);
  for (const id of [4, 5, 31, 32, 33, 36, 37, 38, 43, -1, 1.5]) expect(ggmlTypeById(id)).toBeNull();
  expect(new Set(GGML_TYPES.map(ggmlTypeId)).size).toBe(GGML_TYPES.length);
});

// What the formats' names promise: bits per weight of scales and quants together, from ggml's own documentation.
it.each([
  ['F32', 32],
  ['F16', 16],
  ['BF16', 16],
  ['Q4_0', 4.5],
  ['Q4_1', 5],
  ['Q5_0', 5.5],
  ['Q5_1', 6],
  ['Q8_0', 8.5],
  ['Q2_K', 2.625],
  ['Q3_K', 3.4375],
  ['Q4_K', 4.5],
  ['Q5_K', 5.5],
  ['Q6_K', 6.5625],
  ['IQ2_XXS', 2.0625],
  ['IQ2_XS', 2.3125],
  ['IQ2_S', 2.5625],
  ['IQ3_XXS', 3.0625],
  ['IQ3_S', 3.4375],
  ['IQ1_S', 1.5625],
  ['IQ1_M', 1.75],
  ['IQ4_NL', 4.5],
  ['IQ4_XS', 4.25],
  ['TQ1_0', 1.6875],
  ['TQ2_0', 2.0625],
  ['MXFP4', 4.25],
  ['NVFP4', 4.5],
  ['Q1_0', 1.125],
  ['Q2_0', 2.25],
] as const)('stores %s in %d bits per weight', (type, bits) => {
  const { blockElements, blockBytes } = ggmlTypeLayout(type);
  expect((blockBytes * 8) / blockElements).toBe(bits);
});
