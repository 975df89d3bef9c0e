// BF16: 16 words a unit, two upper halves of f32 a word, the lower first.
#pragma once
#define BLOCK_FORMAT "bf16"

FN vec4f quad(const u32 *weights, u32 o) {
  const u32 a = weights[o];
  const u32 b = weights[o + 1u];
  return bitcast<vec4f>(vec4u(a << 16u, a & 0xffff0000u, b << 16u, b & 0xffff0000u));
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = unit * 16u;
  return {
    quad(weights, o), quad(weights, o + 2u), quad(weights, o + 4u), quad(weights, o + 6u),
    quad(weights, o + 8u), quad(weights, o + 10u), quad(weights, o + 12u), quad(weights, o + 14u),
  };
}

#include "../lib/ungrouped.h"
