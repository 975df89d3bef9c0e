// Q3_K, re-laid at upload: first a plane of 27 words a block of 256 (32 bytes of third bits, bit j of byte l for element
// 32j + l; 64 bytes of bit pairs as in Q2_K; 12 bytes of scales, six bits each), then a plane of scales, two halves a word.
// Value = scale · (six bits - 32) · (three bits - 4).
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#include "../lib/words.h"
#define BLOCK_FORMAT "q3_k"

constexpr u32 GROUP_UNITS = 8u; // they share their bytes of third bits, halves of them those of bit pairs

struct Words {
  f32 scale;
  vec3u scales;
  Eight third;
  Eight first; // bit pairs of units 0 to 3
  Eight second;
};

FN f32 half_scale(const u32 *weights, u32 unit, u32 plane) {
  return half_of(weights[plane + (unit >> 4u)], unit >> 3u);
}

FN vec3u scale_words(const u32 *weights, u32 o) {
  return vec3u(weights[o + 24u], weights[o + 25u], weights[o + 26u]);
}

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 27u;
  return {
    half_scale(weights, unit, plane), scale_words(weights, o),
    eight(weights, o), eight(weights, o + 8u), eight(weights, o + 16u),
  };
}

// Of either half.
FN vec2f unit_scales(f32 scale, vec3u scales, u32 j) {
  const u32 low = select(scales.x, scales.y, (j & 2u) == 2u) >> (16u * (j & 1u) + 4u * (j >> 2u));
  const u32 high = scales.z >> (16u * (j & 1u) + 2u * (j >> 1u));
  const vec2u six = (vec2u(low, low >> 8u) & vec2u(15u)) | ((vec2u(high, high >> 8u) & vec2u(3u)) << vec2u(4u));
  return (vec2f(six) - vec2f(32.0f)) * scale;
}

FN vec4u third_bits(u32 word) {
  return ((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(1u)) << vec4u(2u);
}

FN vec4f values(u32 pairs, u32 third, f32 scale) {
  return (vec4f(bit_pairs(pairs) | third_bits(third)) - vec4f(4.0f)) * scale;
}

// Unit `j` of the block, whose bit pairs lie in `pairs`.
FN array<vec4f, 8> unit_values(f32 scale, vec3u scales, const Eight &third, const Eight &pairs, u32 j) {
  const vec2f s = unit_scales(scale, scales, j);
  const Eight q = shifted(pairs, 2u * (j & 3u));
  const Eight h = shifted(third, j);
  return {
    values(q.a.x, h.a.x, s.x), values(q.a.y, h.a.y, s.x),
    values(q.a.z, h.a.z, s.x), values(q.a.w, h.a.w, s.x),
    values(q.b.x, h.b.x, s.y), values(q.b.y, h.b.y, s.y),
    values(q.b.z, h.b.z, s.y), values(q.b.w, h.b.w, s.y),
  };
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  return unit_values(words.scale, words.scales, words.third, either(words.first, words.second, (unit & 4u) == 4u), unit & 7u);
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 27u;
  const u32 j = unit & 7u;
  const Eight pairs = eight(weights, o + 8u + 8u * (j >> 2u));
  return unit_values(half_scale(weights, unit, plane), scale_words(weights, o), eight(weights, o), pairs, j);
}

FN vec4u three_bits(vec4u pairs, vec4u third) {
  return (pairs & vec4u(0x03030303u)) | ((third & vec4u(0x01010101u)) << vec4u(2u));
}

// The unit as bytes.
FN ByteUnit byte_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 j = unit & 7u;
  const vec2f s = unit_scales(words.scale, words.scales, j);
  const Eight q = shifted(either(words.first, words.second, (unit & 4u) == 4u), 2u * (j & 3u));
  const Eight h = shifted(words.third, j);
  return {three_bits(q.a, h.a), three_bits(q.b, h.b), s, 4.0f * s};
}
