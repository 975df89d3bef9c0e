// IQ2_XS, re-laid at upload: first a plane of 18 words a block of 256 (for each 8 elements nine bits of grid index and seven of
// signs; for each 16 a nibble of scale), then a plane of scales, two halves a word.
// Value = scale · (nibble + ½) ÷ 4 · grid, signed.
#pragma once
#include "../lib/iq_grids.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "iq2_xs"

constexpr u32 GROUP_UNITS = 4u; // they share a word of scales

struct Words {
  f32 scale;
  u32 nibbles; // of four units' scales
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 block_index = unit >> 3u;
  return {
    half_of(weights[plane + (block_index >> 1u)], block_index),
    weights[block_index * 18u + 16u + ((unit >> 2u) & 1u)],
  };
}

// The 8 elements of a grid index.
FN u32 point(u32 bits) {
  const u32 index = bits & 511u;
  return IQ2_XS_GRID[index >> 1u] >> (16u * (index & 1u));
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 18u + 2u * (unit & 7u);
  const u32 byte = words.nibbles >> (8u * (unit & 3u));
  const vec2f s = (vec2f(vec2u(byte, byte >> 4u) & vec2u(15u)) + vec2f(0.5f)) * words.scale * 0.25f;
  const u32 low = weights[o];
  const u32 high = weights[o + 1u];
  const u32 a = point(low);
  const u32 b = point(low >> 16u);
  const u32 c = point(high);
  const u32 d = point(high >> 16u);
  const u32 e = even_signs(low >> 9u);
  const u32 f = even_signs(low >> 25u);
  const u32 g = even_signs(high >> 9u);
  const u32 h = even_signs(high >> 25u);
  return {
    with_signs(iq2_values(a) * s.x, e), with_signs(iq2_values(a >> 8u) * s.x, e >> 4u),
    with_signs(iq2_values(b) * s.x, f), with_signs(iq2_values(b >> 8u) * s.x, f >> 4u),
    with_signs(iq2_values(c) * s.y, g), with_signs(iq2_values(c >> 8u) * s.y, g >> 4u),
    with_signs(iq2_values(d) * s.y, h), with_signs(iq2_values(d >> 8u) * s.y, h >> 4u),
  };
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}
