// IQ1_S, re-laid at upload: first a plane of 12 words a block of 256 (for each 8 elements a byte of grid index; for each 32 four
// times three upper bits of the indices, three bits of scale and the sign of the shift), then a plane of scales, two halves a
// word. Value = scale · (2 · scale bits + 1) · (grid ± ⅛).
#pragma once
#include "../lib/iq_grids.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "iq1_s"

constexpr u32 GROUP_UNITS = 2u; // they share a word of upper bits and scales

struct Words {
  f32 scale;
  u32 high; // of the first unit, then of the second
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 block_index = unit >> 3u;
  return {
    half_of(weights[plane + (block_index >> 1u)], block_index),
    weights[block_index * 12u + 8u + ((unit & 7u) >> 1u)],
  };
}

// The 8 elements of a grid index.
FN u32 point(u32 low, u32 high) {
  const u32 index = (low & 255u) | ((high & 7u) << 8u);
  return IQ1_GRID[index >> 1u] >> (16u * (index & 1u));
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 indices = weights[(unit >> 3u) * 12u + (unit & 7u)];
  const u32 high = words.high >> (16u * (unit & 1u));
  const f32 scale = words.scale * f32(2u * ((high >> 12u) & 7u) + 1u);
  const f32 shift = select(0.125f, -0.125f, (high & 0x8000u) != 0u);
  const u32 a = point(indices, high);
  const u32 b = point(indices >> 8u, high >> 3u);
  const u32 c = point(indices >> 16u, high >> 6u);
  const u32 d = point(indices >> 24u, high >> 9u);
  return {
    (iq1_values(a) + shift) * scale, (iq1_values(a >> 8u) + shift) * scale,
    (iq1_values(b) + shift) * scale, (iq1_values(b >> 8u) + shift) * scale,
    (iq1_values(c) + shift) * scale, (iq1_values(c >> 8u) + shift) * scale,
    (iq1_values(d) + shift) * scale, (iq1_values(d >> 8u) + shift) * scale,
  };
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}
