// TQ2_0, re-laid at upload: first a plane of 16 words a block of 256 (bit pairs as in Q2_K), then a plane of scales, two
// halves a word. Value = scale · (bit pair - 1).
#pragma once
#include "../lib/quant.h"
#include "../lib/words.h"
#define BLOCK_FORMAT "tq2_0"

constexpr u32 GROUP_UNITS = 4u; // they share their bytes of bit pairs

struct Words {
  f32 scale;
  Eight pairs;
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 block_index = unit >> 3u;
  return {
    half_of(weights[plane + (block_index >> 1u)], block_index), eight(weights, block_index * 16u + 8u * ((unit >> 2u) & 1u)),
  };
}

FN vec4f values(u32 word, f32 scale) {
  return (vec4f(bit_pairs(word)) - vec4f(1.0f)) * scale;
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const Eight q = shifted(words.pairs, 2u * (unit & 3u));
  return {
    values(q.a.x, words.scale), values(q.a.y, words.scale),
    values(q.a.z, words.scale), values(q.a.w, words.scale),
    values(q.b.x, words.scale), values(q.b.y, words.scale),
    values(q.b.z, words.scale), values(q.b.w, words.scale),
  };
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}
