// Q6_K, re-laid at upload: first a plane of 52 words a block of 256 (128 bytes of nibbles, element 128c + 64n + m in nibble n
// of byte 64c + m; 64 bytes of upper bit pairs, element 128c + 32s + l in the bits 2s of byte 32c + l; 16 signed bytes of
// scales), then a plane of scales, two halves a word. Value = scale · scale byte · (six bits - 32).
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#include "../lib/words.h"
#define BLOCK_FORMAT "q6_k"

constexpr u32 GROUP_UNITS = 4u; // they share their bytes of bit pairs, two of them those of nibbles

struct Words {
  f32 scale;
  vec2u scales; // of the first two units, then of the others
  Eight even; // nibbles of the even units
  Eight odd;
  Eight pairs;
};

FN f32 half_scale(const u32 *weights, u32 unit, u32 plane) {
  return half_of(weights[plane + (unit >> 4u)], unit >> 3u);
}

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 52u;
  const u32 c = (unit >> 2u) & 1u;
  const u32 q = o + 16u * c;
  const u32 scales = o + 48u + 2u * c;
  return {
    half_scale(weights, unit, plane), vec2u(weights[scales], weights[scales + 1u]),
    eight(weights, q), eight(weights, q + 8u), eight(weights, o + 32u + 8u * c),
  };
}

FN vec4f values(u32 low, u32 high, f32 scale) {
  return (vec4f(nibbles(low) | (bit_pairs(high) << vec4u(4u))) - vec4f(32.0f)) * scale;
}

// Unit `j` of the block, whose nibbles lie in `both`; `scales`: of two units.
FN array<vec4f, 8> unit_values(f32 scale, u32 scales, const Eight &both, const Eight &pairs, u32 j) {
  const u32 word = scales >> (16u * (j & 1u));
  const vec2f s = vec2f(bitcast<vec2i>(vec2u(word) << vec2u(24u, 16u)) >> vec2i(24)) * scale;
  const Eight q = shifted(both, 4u * ((j >> 1u) & 1u));
  const Eight h = shifted(pairs, 2u * (j & 3u));
  return {
    values(q.a.x, h.a.x, s.x), values(q.a.y, h.a.y, s.x),
    values(q.a.z, h.a.z, s.x), values(q.a.w, h.a.w, s.x),
    values(q.b.x, h.b.x, s.y), values(q.b.y, h.b.y, s.y),
    values(q.b.z, h.b.z, s.y), values(q.b.w, h.b.w, s.y),
  };
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 scales = select(words.scales.x, words.scales.y, (unit & 2u) == 2u);
  return unit_values(words.scale, scales, either(words.even, words.odd, (unit & 1u) == 1u), words.pairs, unit & 7u);
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 52u;
  const u32 j = unit & 7u;
  const u32 q = o + 16u * (j >> 2u) + 8u * (j & 1u);
  const Eight pairs = eight(weights, o + 32u + 8u * (j >> 2u));
  return unit_values(half_scale(weights, unit, plane), weights[o + 48u + (j >> 1u)], eight(weights, q), pairs, j);
}

FN vec4u with_pairs(vec4u nibbles, vec4u pairs) {
  return low_nibbles(nibbles) | ((pairs & vec4u(0x03030303u)) << vec4u(4u));
}

// The unit as bytes.
FN ByteUnit byte_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 j = unit & 7u;
  const u32 scales = select(words.scales.x, words.scales.y, (unit & 2u) == 2u) >> (16u * (j & 1u));
  const vec2f s = vec2f(bitcast<vec2i>(vec2u(scales) << vec2u(24u, 16u)) >> vec2i(24)) * words.scale;
  const Eight q = shifted(either(words.even, words.odd, (unit & 1u) == 1u), 4u * ((j >> 1u) & 1u));
  const Eight h = shifted(words.pairs, 2u * (j & 3u));
  return {with_pairs(q.a, h.a), with_pairs(q.b, h.b), s, 32.0f * s};
}
