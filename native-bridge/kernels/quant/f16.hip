// F16: 16 words a unit, two halves a word, the lower first.
#pragma once
#define BLOCK_FORMAT "f16"

FN vec4f quad(const u32 *weights, u32 o) {
  return vec4f(unpack2x16float(weights[o]), unpack2x16float(weights[o + 1u]));
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
