// IQ1_M: 14 words a block of 256: for each 8 elements a byte of grid index; for each 8 a nibble of three upper index bits and
// the sign of the shift; four u16 of the scales of four times 16 elements, three bits each, and four bits of the half scale.
// Value = scale · (2 · scale bits + 1) · (grid ± ⅛).
#pragma once
#include "../lib/iq_grids.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "iq1_m"

constexpr u32 GROUP_UNITS = 4u; // they share a word of scales, and every one of the block the half scale

struct Words {
  f32 scale;
  u32 scales;
  vec2u high; // of the first two units, then of the others
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 14u;
  const u32 late = unit & 4u; // the first unit of the block's group
  const u32 first = weights[o + 12u];
  const u32 second = weights[o + 13u];
  const u32 half_bits = ((first >> 12u) & 0xfu) | ((first >> 24u) & 0xf0u) | ((second >> 4u) & 0xf00u) | ((second >> 16u) & 0xf000u);
  const u32 high = o + 8u + (late >> 1u);
  return {unpack2x16float(half_bits).x, select(first, second, late == 4u), vec2u(weights[high], weights[high + 1u])};
}

// The 8 elements of a grid index.
FN u32 point(u32 low, u32 high) {
  const u32 index = (low & 255u) | ((high & 7u) << 8u);
  return IQ1_GRID[index >> 1u] >> (16u * (index & 1u));
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 scales = words.scales >> (16u * ((unit >> 1u) & 1u) + 6u * (unit & 1u));
  const vec2f s = words.scale * vec2f(((vec2u(scales, scales >> 3u) & vec2u(7u)) << vec2u(1u)) | vec2u(1u));
  const u32 indices = weights[(unit >> 3u) * 14u + (unit & 7u)];
  const u32 high = select(words.high.x, words.high.y, (unit & 2u) == 2u) >> (16u * (unit & 1u));
  const u32 a = point(indices, high);
  const u32 b = point(indices >> 8u, high >> 4u);
  const u32 c = point(indices >> 16u, high >> 8u);
  const u32 d = point(indices >> 24u, high >> 12u);
  const vec4f shift = select(vec4f(0.125f), vec4f(-0.125f), (vec4u(high) & vec4u(0x8u, 0x80u, 0x800u, 0x8000u)) != vec4u(0u));
  return {
    (iq1_values(a) + shift.x) * s.x, (iq1_values(a >> 8u) + shift.x) * s.x,
    (iq1_values(b) + shift.y) * s.x, (iq1_values(b >> 8u) + shift.y) * s.x,
    (iq1_values(c) + shift.z) * s.y, (iq1_values(c >> 8u) + shift.z) * s.y,
    (iq1_values(d) + shift.w) * s.y, (iq1_values(d >> 8u) + shift.w) * s.y,
  };
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}
