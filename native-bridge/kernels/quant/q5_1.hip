// Q5_1: 6 words a block of 32: scale and minimum as halves, 32 fifth bits, 32 nibbles as in Q4_1.
// Value = scale · five bits + minimum.
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "q5_1"

FN vec4f values(u32 word, u32 fifth, vec2f scale_min) {
  const vec4u high = (vec4u(fifth) << vec4u(4u, 3u, 2u, 1u)) & vec4u(16u);
  return fma(vec4f(nibbles(word) | high), vec4f(scale_min.x), vec4f(scale_min.y));
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = unit * 6u;
  const vec2f scale_min = unpack2x16float(weights[o]);
  const u32 fifth = weights[o + 1u];
  const u32 a = weights[o + 2u];
  const u32 b = weights[o + 3u];
  const u32 c = weights[o + 4u];
  const u32 d = weights[o + 5u];
  return {
    values(a, fifth, scale_min), values(b, fifth >> 4u, scale_min),
    values(c, fifth >> 8u, scale_min), values(d, fifth >> 12u, scale_min),
    values(a >> 4u, fifth >> 16u, scale_min), values(b >> 4u, fifth >> 20u, scale_min),
    values(c >> 4u, fifth >> 24u, scale_min), values(d >> 4u, fifth >> 28u, scale_min),
  };
}

// The same as bytes.
FN ByteUnit byte32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = unit * 6u;
  const vec2f scale_min = unpack2x16float(weights[o]);
  const vec4u fifth = vec4u(weights[o + 1u]) >> vec4u(0u, 4u, 8u, 12u);
  const vec4u q = vec4u(weights[o + 2u], weights[o + 3u], weights[o + 4u], weights[o + 5u]);
  return {
    low_nibbles(q) | fifth_bits(fifth), high_nibbles(q) | fifth_bits(fifth >> vec4u(16u)),
    vec2f(scale_min.x), vec2f(-scale_min.y),
  };
}

#include "../lib/ungrouped.h"
#include "../lib/ungrouped_bytes.h"
