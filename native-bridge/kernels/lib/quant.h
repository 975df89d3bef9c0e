// What the block formats share.
#pragma once

// The four bytes of a word, the lowest first.
FN vec4u bytes(u32 word) {
  return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
}

// The lower nibbles of the four bytes of a word.
FN vec4u nibbles(u32 word) {
  return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u);
}

// The lowest bit pairs of the four bytes of a word.
FN vec4u bit_pairs(u32 word) {
  return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(3u);
}

// Half `index` of a plane of halves; `pair` is the word index / 2.
FN f32 half_of(u32 pair, u32 index) {
  const vec2f halves = unpack2x16float(pair);
  return select(halves.x, halves.y, (index & 1u) == 1u);
}

// `v` with the signs of the lowest four bits, the lowest first; 1: negative.
FN vec4f with_signs(vec4f v, u32 bits) {
  return select(v, -v, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u(0u));
}

// Eight signs of seven stored bits: the eighth makes their number even.
FN u32 even_signs(u32 seven) {
  const u32 bits = seven & 127u;
  return bits | ((countOneBits(bits) & 1u) << 7u);
}

// What nibbles of IQ4_NL and IQ4_XS stand for: -127 -104 -83 -65, -49 -35 -22 -10, 1 13 25 38, 53 69 89 113.
FN vec4i iq4_integers(vec4u nibble) {
  const vec4i second = (nibble & vec4u(4u)) != vec4u(0u);
  const vec4u low = select(vec4u(0xbfad9881u), vec4u(0xf6eaddcfu), second);
  const vec4u high = select(vec4u(0x26190d01u), vec4u(0x71594535u), second);
  const vec4u four = select(low, high, nibble >= vec4u(8u));
  return bitcast<vec4i>(four << (vec4u(24u) - ((nibble & vec4u(3u)) << vec4u(3u)))) >> vec4i(24);
}

FN vec4f iq4_values(vec4u nibble) {
  return vec4f(iq4_integers(nibble));
}

// `iq4_values` of the lower nibbles of four words' bytes, as bytes.
FN vec4u iq4_bytes(vec4u words) {
  return vec4u(
    pack4xI8(iq4_integers(nibbles(words.x))), pack4xI8(iq4_integers(nibbles(words.y))),
    pack4xI8(iq4_integers(nibbles(words.z))), pack4xI8(iq4_integers(nibbles(words.w)))
  );
}

// Twice the numbers 0 ½ 1 1½ 2 3 4 6 (E2M1) that the lower nibbles stand for, with the sign of the fourth bit.
FN vec4f e2m1_values(u32 word, f32 half_scale) {
  const vec4u codes = nibbles(word);
  const vec4f doubled = vec4f((vec4u(0xc8643210u) >> ((codes & vec4u(7u)) << vec4u(2u))) & vec4u(15u)) * half_scale;
  return select(doubled, -doubled, codes >= vec4u(8u));
}

// `e2m1_values`, doubled, of the lower nibbles of four words' bytes, as bytes.
FN vec4u e2m1_bytes(vec4u words) {
  return vec4u(
    pack4xI8(vec4i(e2m1_values(words.x, 1.0f))), pack4xI8(vec4i(e2m1_values(words.y, 1.0f))),
    pack4xI8(vec4i(e2m1_values(words.z, 1.0f))), pack4xI8(vec4i(e2m1_values(words.w, 1.0f)))
  );
}

// Four of a point of a grid of IQ2, two bits each.
FN vec4f iq2_values(u32 point) {
  const vec4u codes = (vec4u(point) >> vec4u(0u, 2u, 4u, 6u)) & vec4u(3u);
  return vec4f((vec4u(0x2b1908u) >> (codes << vec4u(3u))) & vec4u(255u));
}

// Four of a point of the grid of IQ1, two bits each.
FN vec4f iq1_values(u32 point) {
  return vec4f((vec4u(point) >> vec4u(0u, 2u, 4u, 6u)) & vec4u(3u)) - vec4f(1.0f);
}

// Scale and minimum of unit j of eight, six bits each, as Q4_K and Q5_K pack them into three words.
FN vec2f k_scales(u32 a, u32 b, u32 c, u32 j) {
  const u32 shift = 8u * (j & 3u);
  const vec2u high = vec2u(a, b) >> vec2u(shift);
  const vec2u low = vec2u(c >> shift, c >> (shift + 4u));
  const vec2u late = (low & vec2u(15u)) | ((high >> vec2u(2u)) & vec2u(48u));
  return vec2f(select(high & vec2u(63u), late, j >= 4u));
}
