// Q5_0, re-laid at upload: first a plane of 5 words a block (32 fifth bits, 32 nibbles as in Q4_1), then a plane of scales,
// two halves a word. Value = scale · (five bits - 16).
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "q5_0"

FN vec4f values(u32 word, u32 fifth, f32 scale) {
  const vec4u high = (vec4u(fifth) << vec4u(4u, 3u, 2u, 1u)) & vec4u(16u);
  return (vec4f(nibbles(word) | high) - vec4f(16.0f)) * scale;
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const f32 scale = half_of(weights[plane + (unit >> 1u)], unit);
  const u32 o = unit * 5u;
  const u32 fifth = weights[o];
  const u32 a = weights[o + 1u];
  const u32 b = weights[o + 2u];
  const u32 c = weights[o + 3u];
  const u32 d = weights[o + 4u];
  return {
    values(a, fifth, scale), values(b, fifth >> 4u, scale), values(c, fifth >> 8u, scale), values(d, fifth >> 12u, scale),
    values(a >> 4u, fifth >> 16u, scale), values(b >> 4u, fifth >> 20u, scale),
    values(c >> 4u, fifth >> 24u, scale), values(d >> 4u, fifth >> 28u, scale),
  };
}

// The same as bytes.
FN ByteUnit byte32(const u32 *weights, u32 unit, u32 plane) {
  const f32 scale = half_of(weights[plane + (unit >> 1u)], unit);
  const u32 o = unit * 5u;
  const vec4u fifth = vec4u(weights[o]) >> vec4u(0u, 4u, 8u, 12u);
  const vec4u q = vec4u(weights[o + 1u], weights[o + 2u], weights[o + 3u], weights[o + 4u]);
  return {
    low_nibbles(q) | fifth_bits(fifth), high_nibbles(q) | fifth_bits(fifth >> vec4u(16u)),
    vec2f(scale), vec2f(16.0f * scale),
  };
}

#include "../lib/ungrouped.h"
#include "../lib/ungrouped_bytes.h"
