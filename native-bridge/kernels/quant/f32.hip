// F32: 32 words a unit.
#pragma once
#define BLOCK_FORMAT "f32"

FN vec4f quad(const u32 *weights, u32 o) {
  return bitcast<vec4f>(vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]));
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = unit * 32u;
  return {quad(weights, o), quad(weights, o + 4u), quad(weights, o + 8u), quad(weights, o + 12u),
          quad(weights, o + 16u), quad(weights, o + 20u), quad(weights, o + 24u), quad(weights, o + 28u)};
}

#include "../lib/ungrouped.h"
