// IQ2_S, re-laid at upload: first a plane of 20 words a block of 256 (for each 8 elements a byte of grid index; for each 8 a
// byte of signs; 8 bytes of the indices' upper bit pairs; for each 16 a nibble of scale), then a plane of scales, two halves a
// word. Value = scale · (nibble + ½) ÷ 4 · grid, signed.
#pragma once
#include "../lib/iq_grids.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "iq2_s"

constexpr u32 GROUP_UNITS = 4u; // they share a word of scales and one of upper index bits

struct Words {
  f32 scale;
  u32 upper;
  u32 nibbles; // of scales
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 block_index = unit >> 3u;
  const u32 o = block_index * 20u + 16u + ((unit >> 2u) & 1u);
  return {half_of(weights[plane + (block_index >> 1u)], block_index), weights[o], weights[o + 2u]};
}

// The 8 elements of a grid index.
FN u32 point(u32 low, u32 high) {
  const u32 index = (low & 255u) | ((high & 3u) << 8u);
  return IQ2_S_GRID[index >> 1u] >> (16u * (index & 1u));
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 20u + (unit & 7u);
  const u32 shift = 8u * (unit & 3u);
  const u32 upper = words.upper >> shift;
  const u32 byte = words.nibbles >> shift;
  const vec2f s = (vec2f(vec2u(byte, byte >> 4u) & vec2u(15u)) + vec2f(0.5f)) * words.scale * 0.25f;
  const u32 indices = weights[o];
  const u32 signs = weights[o + 8u];
  const u32 a = point(indices, upper);
  const u32 b = point(indices >> 8u, upper >> 2u);
  const u32 c = point(indices >> 16u, upper >> 4u);
  const u32 d = point(indices >> 24u, upper >> 6u);
  return {
    with_signs(iq2_values(a) * s.x, signs), with_signs(iq2_values(a >> 8u) * s.x, signs >> 4u),
    with_signs(iq2_values(b) * s.x, signs >> 8u), with_signs(iq2_values(b >> 8u) * s.x, signs >> 12u),
    with_signs(iq2_values(c) * s.y, signs >> 16u), with_signs(iq2_values(c >> 8u) * s.y, signs >> 20u),
    with_signs(iq2_values(d) * s.y, signs >> 24u), with_signs(iq2_values(d >> 8u) * s.y, signs >> 28u),
  };
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}
