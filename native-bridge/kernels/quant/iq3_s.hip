// IQ3_S, re-laid at upload: first a plane of 27 words a block of 256 (for each 4 elements a byte of grid index; 8 bytes of the
// indices' ninth bits; for each 8 a byte of signs; for each 32 a nibble of scale), then a plane of scales, two halves a word.
// Value = scale · (2 · nibble + 1) · grid, signed.
#pragma once
#include "../lib/iq_grids.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "iq3_s"

constexpr u32 GROUP_UNITS = 4u; // they share a word of ninth bits, and every one of the block that of scales

struct Words {
  f32 scale;
  u32 nibbles; // of the block's scales
  u32 ninth;
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 block_index = unit >> 3u;
  const u32 o = block_index * 27u;
  return {
    half_of(weights[plane + (block_index >> 1u)], block_index),
    weights[o + 26u],
    weights[o + 16u + ((unit >> 2u) & 1u)],
  };
}

// The 4 elements of a grid index: a nibble n stands for 2n + 1.
FN vec4f values(u32 low, u32 ninth) {
  const u32 index = (low & 255u) | ((ninth & 1u) << 8u);
  const u32 point = IQ3_S_GRID[index >> 1u] >> (16u * (index & 1u));
  return vec4f(unpack4xU8((spread_nibbles(point) << 1u) | 0x01010101u));
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 j = unit & 7u;
  const u32 o = (unit >> 3u) * 27u;
  const u32 nibble = (words.nibbles >> (4u * j)) & 15u;
  const f32 scale = words.scale * f32(2u * nibble + 1u);
  const u32 low = weights[o + 2u * j];
  const u32 high = weights[o + 2u * j + 1u];
  const u32 ninth = words.ninth >> (8u * (j & 3u));
  const u32 signs = weights[o + 18u + j];
  return {
    with_signs(values(low, ninth) * scale, signs),
    with_signs(values(low >> 8u, ninth >> 1u) * scale, signs >> 4u),
    with_signs(values(low >> 16u, ninth >> 2u) * scale, signs >> 8u),
    with_signs(values(low >> 24u, ninth >> 3u) * scale, signs >> 12u),
    with_signs(values(high, ninth >> 4u) * scale, signs >> 16u),
    with_signs(values(high >> 8u, ninth >> 5u) * scale, signs >> 20u),
    with_signs(values(high >> 16u, ninth >> 6u) * scale, signs >> 24u),
    with_signs(values(high >> 24u, ninth >> 7u) * scale, signs >> 28u),
  };
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}
