// Q2_K: 21 words a block of 256: 16 bytes of scale and minimum nibbles, one of 16 elements each; 64 bytes of bit pairs,
// element 128c + 32s + l in the bits 2s of byte 32c + l; scale and minimum as halves. Value = scale · bit pair - minimum.
#pragma once
#include "../lib/bytes.h"
#include "../lib/quant.h"
#include "../lib/words.h"
#define BLOCK_FORMAT "q2_k"

constexpr u32 GROUP_UNITS = 4u; // they share their bytes of bit pairs

struct Words {
  vec2u scales; // of the first two units, then of the others
  vec2f scale_min;
  Eight pairs;
};

FN Words group_words(const u32 *weights, u32 unit, u32 plane) {
  const u32 o = (unit >> 3u) * 21u;
  const u32 c = (unit >> 2u) & 1u;
  const u32 scales = o + 2u * c;
  return {
    vec2u(weights[scales], weights[scales + 1u]), unpack2x16float(weights[o + 20u]), eight(weights, o + 4u + 8u * c),
  };
}

// Scale and minimum of the first 16; of the others.
FN vec4f unit_scales(const Words &words, u32 unit) {
  const u32 scales = select(words.scales.x, words.scales.y, (unit & 2u) == 2u) >> (16u * (unit & 1u));
  const vec4u nibble = vec4u(scales) >> vec4u(0u, 4u, 8u, 12u);
  return vec4f(nibble & vec4u(15u)) * words.scale_min.xyxy;
}

FN vec4f values(u32 word, vec2f scale_min) {
  return fma(vec4f(bit_pairs(word)), vec4f(scale_min.x), vec4f(-scale_min.y));
}

FN array<vec4f, 8> dequant_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const vec4f s = unit_scales(words, unit);
  const Eight q = shifted(words.pairs, 2u * (unit & 3u));
  return {
    values(q.a.x, s.xy), values(q.a.y, s.xy),
    values(q.a.z, s.xy), values(q.a.w, s.xy),
    values(q.b.x, s.zw), values(q.b.y, s.zw),
    values(q.b.z, s.zw), values(q.b.w, s.zw),
  };
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
FN array<vec4f, 8> dequant32(const u32 *weights, u32 unit, u32 plane) {
  return dequant_unit(weights, group_words(weights, unit, plane), unit, plane);
}

// The unit as bytes.
FN ByteUnit byte_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  const vec4f s = unit_scales(words, unit);
  const Eight q = shifted(words.pairs, 2u * (unit & 3u));
  return {q.a & vec4u(0x03030303u), q.b & vec4u(0x03030303u), s.xz, s.yw};
}
