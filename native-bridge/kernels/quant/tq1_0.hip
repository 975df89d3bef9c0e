// TQ1_0, re-laid at upload: first a plane of 13 words a block of 256, then a plane of scales, two halves a word. Elements go
// through the ternary digits of 8 words, of 4 and of the last one: first the first digit of each byte, then the second. Digit
// p of a byte is the integer part of 3 · (byte · 3^p mod 256) ÷ 256. Value = scale · (digit - 1).
#pragma once
#include "../lib/quant.h"
#include "../lib/words.h"
#define BLOCK_FORMAT "tq1_0"

constexpr u32 GROUP_UNITS = 8u; // five share the first 8 words, three the others

struct Words {
  f32 scale;
  Eight eight;
  vec4u four;
  u32 last;
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 block_index = unit >> 3u;
  const u32 o = block_index * 13u;
  return {
    half_of(weights[plane + (block_index >> 1u)], block_index),
    eight(weights, o),
    vec4u(weights[o + 8u], weights[o + 9u], weights[o + 10u], weights[o + 11u]),
    weights[o + 12u],
  };
}

// 3^digit, digit at most 4.
FN u32 power(u32 digit) {
  return select((0x1b090301u >> (8u * (digit & 3u))) & 255u, 81u, digit == 4u);
}

FN vec4f values(u32 word, u32 power_of_digit, f32 scale) {
  const vec4u rest = (bytes(word) * power_of_digit) & vec4u(255u);
  return (vec4f((rest * 3u) >> vec4u(8u)) - vec4f(1.0f)) * scale;
}

// `first` where the mask is 0, `second` where it is all ones. (Masks, where the shader selects: conditions of 64 threads are two scalar
// registers each.)
FN vec4u masked(vec4u first, vec4u second, u32 mask) {
  return (first & vec4u(~mask)) | (second & vec4u(mask));
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const u32 j = unit & 7u;
  const bool late = j >= 5u; // these have the ten digits of the four words: two a unit, and one in the last
  const bool last = j == 7u; // with the four digits of the last word
  const u32 late_mask = 0u - ((j + 3u) >> 3u);
  const u32 last_mask = 0u - ((j + 1u) >> 3u);
  const vec4u a = masked(words.eight.a, words.four, late_mask);
  const vec4u b = masked(masked(words.eight.b, words.four, late_mask), vec4u(words.last), last_mask);
  const u32 digit = select(j, 2u * j - 10u, late);
  const u32 p = power(digit);
  const u32 next = power(select(digit, digit + 1u, late));
  return {
    values(a.x, p, words.scale), values(a.y, p, words.scale),
    values(a.z, p, words.scale), values(a.w, p, words.scale),
    values(b.x, select(next, 1u, last), words.scale), values(b.y, select(next, 3u, last), words.scale),
    values(b.z, select(next, 9u, last), words.scale), values(b.w, select(next, 27u, last), words.scale),
  };
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}
