// IQ3_XXS, re-laid at upload: first a plane of 24 words a block of 256 (for each 4 elements a byte of grid index; for each 32 a
// word of four times seven signs and a scale), then a plane of scales, two halves a word.
// Value = scale · (4-bit scale + ½) ÷ 2 · grid, signed.
#pragma once
#include "../lib/iq_grids.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "iq3_xxs"

constexpr u32 GROUP_UNITS = 2u; // what a block shares, its scale, is read once for two

struct Words {
  f32 scale;
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 block_index = unit >> 3u;
  return {half_of(weights[plane + (block_index >> 1u)], block_index)};
}

// The 4 elements of a grid index: a nibble n stands for 8n + 4, the last one, 7, for 62.
FN vec4f values(u32 bits) {
  const u32 index = bits & 255u;
  const u32 point = IQ3_XXS_GRID[index >> 1u] >> (16u * (index & 1u));
  return vec4f(unpack4xU8(select_bytes(0x3e342c24u, 0x1c140c04u, spread_nibbles(point))));
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 j = unit & 7u;
  const u32 o = (unit >> 3u) * 24u;
  const u32 word = weights[o + 16u + j];
  const f32 scale = words.scale * (f32(word >> 28u) + 0.5f) * 0.5f;
  const u32 low = weights[o + 2u * j];
  const u32 high = weights[o + 2u * j + 1u];
  const u32 e = even_signs(word);
  const u32 f = even_signs(word >> 7u);
  const u32 g = even_signs(word >> 14u);
  const u32 h = even_signs(word >> 21u);
  return {
    with_signs(values(low) * scale, e), with_signs(values(low >> 8u) * scale, e >> 4u),
    with_signs(values(low >> 16u) * scale, f), with_signs(values(low >> 24u) * scale, f >> 4u),
    with_signs(values(high) * scale, g), with_signs(values(high >> 8u) * scale, g >> 4u),
    with_signs(values(high >> 16u) * scale, h), with_signs(values(high >> 24u) * scale, h >> 4u),
  };
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}
