// IQ4_XS: 34 words a block of 256: scale as a half, 8 upper bit pairs and 8 lower nibbles of a scale for each 32 elements, and
// for each of them 4 words of nibbles as in IQ4_NL. Value = scale · (six bits - 32) · what the nibble stands for.
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "iq4_xs"

constexpr u32 GROUP_UNITS = 2u; // what a block shares, scales, is read once for two

struct Words {
  u32 head; // the half scale and upper bit pairs
  u32 nibbles; // lower ones of the scales
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 34u;
  return {weights[o], weights[o + 1u]};
}

FN f32 unit_scale(const Words &words, u32 j) {
  const u32 six = ((words.nibbles >> (4u * j)) & 15u) | (((words.head >> (16u + 2u * j)) & 3u) << 4u);
  return unpack2x16float(words.head).x * (f32(six) - 32.0f);
}

FN vec4f values(u32 word, f32 scale) {
  return iq4_values(word) * scale;
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 34u;
  const u32 j = unit & 7u;
  const f32 scale = unit_scale(words, j);
  const u32 q = o + 2u + 4u * j;
  const u32 a = weights[q];
  const u32 b = weights[q + 1u];
  const u32 c = weights[q + 2u];
  const u32 d = weights[q + 3u];
  return {
    values(a, scale), values(b, scale), values(c, scale), values(d, scale),
    values(a >> 4u, scale), values(b >> 4u, scale), values(c >> 4u, scale), values(d >> 4u, scale),
  };
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}

// The unit as bytes.
FN ByteUnit byte_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 34u + 2u + 4u * (unit & 7u);
  const vec4u q = vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]);
  return {iq4_bytes(q), iq4_bytes(q >> vec4u(4u)), vec2f(unit_scale(words, unit & 7u)), vec2f(0.0f)};
}
