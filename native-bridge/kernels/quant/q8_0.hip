// Q8_0, re-laid at upload: first a plane of 8 words a block (32 signed bytes), then a plane of scales, two halves a word.
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#define BLOCK_FORMAT "q8_0"

FN vec4f values(u32 word, f32 scale) {
  return vec4f(unpack4xI8(word)) * scale;
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  const f32 scale = half_of(weights[plane + (unit >> 1u)], unit);
  const u32 o = unit * 8u;
  return {
    values(weights[o], scale), values(weights[o + 1u], scale), values(weights[o + 2u], scale), values(weights[o + 3u], scale),
    values(weights[o + 4u], scale), values(weights[o + 5u], scale), values(weights[o + 6u], scale), values(weights[o + 7u], scale),
  };
}

// The same as bytes, which they are.
FN ByteUnit byte32(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = unit * 8u;
  return {
    vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]),
    vec4u(weights[o + 4u], weights[o + 5u], weights[o + 6u], weights[o + 7u]),
    vec2f(half_of(weights[plane + (unit >> 1u)], unit)), vec2f(0.0f),
  };
}

#include "../lib/ungrouped.h"
#include "../lib/ungrouped_bytes.h"
