// IQ2_XXS, re-laid at upload: first a plane of 16 words a block of 256 (for each 32 elements a word of four grid indices and a
// word of four times seven signs and a scale), then a plane of scales, two halves a word.
// Value = scale · (4-bit scale + ½) ÷ 4 · grid, signed.
#pragma once
#include "../lib/iq_grids.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "iq2_xxs"

constexpr u32 GROUP_UNITS = 2u; // what a block shares, its scale, is read once for two

struct Words {
  f32 scale;
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 block_index = unit >> 3u;
  return {half_of(weights[plane + (block_index >> 1u)], block_index)};
}

// The 8 elements of a grid index: half a word. (The shader reads the word: it has no smaller ones. Here that takes more registers than there are.)
FN u32 point(u32 bits) {
  typedef unsigned short __attribute__((may_alias)) half_word;
  return reinterpret_cast<const half_word *>(IQ2_XXS_GRID)[bits & 255u];
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 indices = weights[unit * 2u];
  const u32 word = weights[unit * 2u + 1u];
  const f32 scale = words.scale * (f32(word >> 28u) + 0.5f) * 0.25f;
  const u32 a = point(indices);
  const u32 b = point(indices >> 8u);
  const u32 c = point(indices >> 16u);
  const u32 d = point(indices >> 24u);
  const u32 e = even_signs(word);
  const u32 f = even_signs(word >> 7u);
  const u32 g = even_signs(word >> 14u);
  const u32 h = even_signs(word >> 21u);
  return {
    with_signs(iq2_values(a) * scale, e), with_signs(iq2_values(a >> 8u) * scale, e >> 4u),
    with_signs(iq2_values(b) * scale, f), with_signs(iq2_values(b >> 8u) * scale, f >> 4u),
    with_signs(iq2_values(c) * scale, g), with_signs(iq2_values(c >> 8u) * scale, g >> 4u),
    with_signs(iq2_values(d) * scale, h), with_signs(iq2_values(d >> 8u) * scale, h >> 4u),
  };
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}
