// MXFP4, re-laid at upload: first a plane of 4 words a block (32 nibbles as in Q4_1, each an E2M1 number), then a plane of
// exponents, four bytes a word. Value = 2^(exponent - 127) · E2M1.
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "mxfp4"

// 2^(exponent - 128); the two smallest are subnormal.
FN f32 half_scale(u32 exponent) {
  return bitcast<f32>(select((exponent - 1u) << 23u, 0x200000u << (exponent & 1u), exponent < 2u));
}

// The 32 weights from element 32·unit on; `plane` is the word at which the exponents begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const f32 scale = half_scale((weights[plane + (unit >> 2u)] >> (8u * (unit & 3u))) & 255u);
  const u32 o = unit * 4u;
  const u32 a = weights[o];
  const u32 b = weights[o + 1u];
  const u32 c = weights[o + 2u];
  const u32 d = weights[o + 3u];
  return {
    e2m1_values(a, scale), e2m1_values(b, scale), e2m1_values(c, scale), e2m1_values(d, scale),
    e2m1_values(a >> 4u, scale), e2m1_values(b >> 4u, scale), e2m1_values(c >> 4u, scale), e2m1_values(d >> 4u, scale),
  };
}

// The same as bytes, doubled: halves are whole then.
FN ByteUnit byte32(const u32 *weights, u32 unit, u32 plane) {
  const f32 scale = half_scale((weights[plane + (unit >> 2u)] >> (8u * (unit & 3u))) & 255u);
  const u32 o = unit * 4u;
  const vec4u q = vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]);
  return {e2m1_bytes(q), e2m1_bytes(q >> vec4u(4u)), vec2f(scale), vec2f(0.0f)};
}

#include "../lib/ungrouped.h"
#include "../lib/ungrouped_bytes.h"
