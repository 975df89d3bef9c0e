// Q5_K: 44 words a block of 256: as Q4_K, with 32 bytes of fifth bits before the nibbles: bit j of byte l for element
// 32j + l. Value = scale · five bits - minimum.
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#include "../lib/words.h"
#define BLOCK_FORMAT "q5_k"

constexpr u32 GROUP_UNITS = 4u; // two share their bytes of nibbles, every one of the block the fifth bits and the scales

struct Words {
  vec2f scale_min;
  vec3u scales;
  Eight fifth;
  Eight first; // nibbles of the first two units
  Eight second;
};

FN vec3u scale_words(const u32 *weights, u32 o) {
  return vec3u(weights[o + 1u], weights[o + 2u], weights[o + 3u]);
}

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 44u;
  const u32 q = o + 12u + 16u * ((unit >> 2u) & 1u);
  return {unpack2x16float(weights[o]), scale_words(weights, o), eight(weights, o + 4u), eight(weights, q), eight(weights, q + 8u)};
}

FN vec4f values(u32 word, u32 fifth, vec2f scale_min) {
  const vec4u high = ((vec4u(fifth) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(1u)) << vec4u(4u);
  return fma(vec4f(nibbles(word) | high), vec4f(scale_min.x), vec4f(-scale_min.y));
}

// Unit `j` of the block, whose nibbles lie in `both`.
FN array<vec4f, 8> unit_values(vec2f scale_min, vec3u scales, const Eight &fifth, const Eight &both, u32 j) {
  const vec2f s = scale_min * k_scales(scales.x, scales.y, scales.z, j);
  const Eight q = shifted(both, 4u * (j & 1u));
  const Eight h = shifted(fifth, j);
  return {
    values(q.a.x, h.a.x, s), values(q.a.y, h.a.y, s),
    values(q.a.z, h.a.z, s), values(q.a.w, h.a.w, s),
    values(q.b.x, h.b.x, s), values(q.b.y, h.b.y, s),
    values(q.b.z, h.b.z, s), values(q.b.w, h.b.w, s),
  };
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const Eight both = either(words.first, words.second, (unit & 2u) == 2u);
  return unit_values(words.scale_min, words.scales, words.fifth, both, unit & 7u);
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 44u;
  const u32 j = unit & 7u;
  const Eight both = eight(weights, o + 12u + 8u * (j >> 1u));
  return unit_values(unpack2x16float(weights[o]), scale_words(weights, o), eight(weights, o + 4u), both, j);
}

FN vec4u with_fifth(vec4u nibbles, vec4u fifth) {
  return low_nibbles(nibbles) | ((fifth & vec4u(0x01010101u)) << vec4u(4u));
}

// The unit as bytes.
FN ByteUnit byte_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 j = unit & 7u;
  const vec2f s = words.scale_min * k_scales(words.scales.x, words.scales.y, words.scales.z, j);
  const Eight q = shifted(either(words.first, words.second, (unit & 2u) == 2u), 4u * (j & 1u));
  const Eight h = shifted(words.fifth, j);
  return {with_fifth(q.a, h.a), with_fifth(q.b, h.b), vec2f(s.x), vec2f(s.y)};
}
