// Q4_1: 5 words a block of 32: scale and minimum as halves, then 32 nibbles; element i < 16 is the low nibble of byte i,
// element i + 16 its high nibble. Value = scale · nibble + minimum.
#pragma once
#include "../lib/bytes.h"
#define BLOCK_FORMAT "q4_1"

FN vec4f nibble_values(vec4u v) {
  return vec4f(v & vec4u(15u));
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = unit * 5u;
  const vec2f scale_min = unpack2x16float(weights[o]);
  const vec4f scale = vec4f(scale_min.x);
  const vec4f minimum = vec4f(scale_min.y);
  const vec4u bytes = vec4u(0u, 8u, 16u, 24u);
  const vec4u a = vec4u(weights[o + 1u]) >> bytes;
  const vec4u b = vec4u(weights[o + 2u]) >> bytes;
  const vec4u c = vec4u(weights[o + 3u]) >> bytes;
  const vec4u d = vec4u(weights[o + 4u]) >> bytes;
  const vec4u high = vec4u(4u);
  return {
    fma(nibble_values(a), scale, minimum), fma(nibble_values(b), scale, minimum),
    fma(nibble_values(c), scale, minimum), fma(nibble_values(d), scale, minimum),
    fma(nibble_values(a >> high), scale, minimum), fma(nibble_values(b >> high), scale, minimum),
    fma(nibble_values(c >> high), scale, minimum), fma(nibble_values(d >> high), scale, minimum),
  };
}

// The same as bytes.
FN ByteUnit byte32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = unit * 5u;
  const vec2f scale_min = unpack2x16float(weights[o]);
  const vec4u q = vec4u(weights[o + 1u], weights[o + 2u], weights[o + 3u], weights[o + 4u]);
  return {low_nibbles(q), high_nibbles(q), vec2f(scale_min.x), vec2f(-scale_min.y)};
}

#include "../lib/ungrouped.h"
#include "../lib/ungrouped_bytes.h"
