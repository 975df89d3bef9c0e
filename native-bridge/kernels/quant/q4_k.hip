// Q4_K: 36 words a block of 256: scale and minimum as halves; 12 bytes of a scale and a minimum for each 32 elements, six
// bits each; 128 bytes of nibbles, element 64c + 32n + l in nibble n of byte 32c + l. Value = scale · nibble - minimum.
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#include "../lib/words.h"
#define BLOCK_FORMAT "q4_k"

constexpr u32 GROUP_UNITS = 4u; // two share their bytes of nibbles, every one of the block the scales

struct Words {
  vec2f scale_min;
  vec3u scales;
  Eight first; // nibbles of the first two units
  Eight second;
};

FN vec3u scale_words(const u32 *weights, u32 o) {
  return vec3u(weights[o + 1u], weights[o + 2u], weights[o + 3u]);
}

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 36u;
  const u32 q = o + 4u + 16u * ((unit >> 2u) & 1u);
  return {unpack2x16float(weights[o]), scale_words(weights, o), eight(weights, q), eight(weights, q + 8u)};
}

FN vec4f values(u32 word, vec2f scale_min) {
  return fma(vec4f(nibbles(word)), vec4f(scale_min.x), vec4f(-scale_min.y));
}

// Unit `j` of the block, whose nibbles lie in `both`.
FN array<vec4f, 8> unit_values(vec2f scale_min, vec3u scales, const Eight &both, u32 j) {
  const vec2f s = scale_min * k_scales(scales.x, scales.y, scales.z, j);
  const Eight q = shifted(both, 4u * (j & 1u));
  return {
    values(q.a.x, s), values(q.a.y, s),
    values(q.a.z, s), values(q.a.w, s),
    values(q.b.x, s), values(q.b.y, s),
    values(q.b.z, s), values(q.b.w, s),
  };
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  return unit_values(words.scale_min, words.scales, either(words.first, words.second, (unit & 2u) == 2u), unit & 7u);
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 36u;
  const u32 j = unit & 7u;
  return unit_values(unpack2x16float(weights[o]), scale_words(weights, o), eight(weights, o + 4u + 8u * (j >> 1u)), j);
}

// The unit as bytes.
FN ByteUnit byte_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 j = unit & 7u;
  const vec2f s = words.scale_min * k_scales(words.scales.x, words.scales.y, words.scales.z, j);
  const Eight q = shifted(either(words.first, words.second, (unit & 2u) == 2u), 4u * (j & 1u));
  return {low_nibbles(q.a), low_nibbles(q.b), vec2f(s.x), vec2f(s.y)};
}
