// NVFP4, as in the file: 9 words a block of 64: four scales (unsigned E4M3, a byte each), then two words of E2M1 nibbles for
// each of them, 16 weights; the lower nibbles first. Value = scale · E2M1.
#pragma once
#include "../lib/quant.h"
#define BLOCK_FORMAT "nvfp4"

// Half of an E4M3 number: subnormal where the exponent is 0; 127 stands for no number and is read as 0.
FN f32 half_scale(u32 byte) {
  const u32 exponent = (byte >> 3u) & 15u;
  const f32 normal = bitcast<f32>(((exponent + 119u) << 23u) | ((byte & 7u) << 20u));
  const f32 subnormal = f32(byte & 7u) * 0.0009765625f;
  return select(select(normal, subnormal, exponent == 0u), 0.0f, byte == 127u);
}

// The 32 weights from element 32·unit on; there is no second plane.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const u32 block = (unit >> 1u) * 9u;
  const u32 scales = weights[block] >> (16u * (unit & 1u));
  const f32 first = half_scale(scales & 255u);
  const f32 second = half_scale((scales >> 8u) & 255u);
  const u32 o = block + 1u + 4u * (unit & 1u);
  const u32 a = weights[o];
  const u32 b = weights[o + 1u];
  const u32 c = weights[o + 2u];
  const u32 d = weights[o + 3u];
  return {
    e2m1_values(a, first), e2m1_values(b, first), e2m1_values(a >> 4u, first), e2m1_values(b >> 4u, first),
    e2m1_values(c, second), e2m1_values(d, second), e2m1_values(c >> 4u, second), e2m1_values(d >> 4u, second),
  };
}

#include "../lib/ungrouped.h"
