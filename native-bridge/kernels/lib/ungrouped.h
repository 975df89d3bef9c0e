// What a block format without groups has in their place.
#pragma once

constexpr u32 GROUP_UNITS = 1u;

struct Words {};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  return Words();
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  return dequant32(weights, unit, plane);
}
