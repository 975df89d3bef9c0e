// IQ4_NL, re-laid at upload: first a plane of 4 words a block (32 nibbles as in Q4_1), then a plane of scales, two halves a
// word. Value = scale · what the nibble stands for.
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "iq4_nl"

FN vec4f values(u32 word, f32 scale) {
  return iq4_values(word) * scale;
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const f32 scale = half_of(weights[plane + (unit >> 1u)], unit);
  const u32 o = unit * 4u;
  const u32 a = weights[o];
  const u32 b = weights[o + 1u];
  const u32 c = weights[o + 2u];
  const u32 d = weights[o + 3u];
  return {
    values(a, scale), values(b, scale), values(c, scale), values(d, scale),
    values(a >> 4u, scale), values(b >> 4u, scale), values(c >> 4u, scale), values(d >> 4u, scale),
  };
}

// The same as bytes.
FN ByteUnit byte32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = unit * 4u;
  const vec4u q = vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]);
  const f32 scale = half_of(weights[plane + (unit >> 1u)], unit);
  return {iq4_bytes(q), iq4_bytes(q >> vec4u(4u)), vec2f(scale), vec2f(0.0f)};
}

#include "../lib/ungrouped.h"
#include "../lib/ungrouped_bytes.h"
