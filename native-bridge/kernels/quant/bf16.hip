// BF16: 16 words a unit, two upper halves of f32 a word, the lower first.
#pragma once
#define BLOCK_FORMAT "bf16"

// Conversions, where the shader shifts: shifts of several rows become vectors on CDNA, and rows of x are then fetched long before they are used.
FN vec2f unpack2xbfloat(u32 word) {
  typedef VECTOR(__bf16, 2) bfloat2;
  return __builtin_convertvector(bitcast<bfloat2>(word), vec2f);
}

FN vec4f quad(const u32 *weights, u32 o) {
  return vec4f(unpack2xbfloat(weights[o]), unpack2xbfloat(weights[o + 1u]));
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
