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

// `v` with the signs of the lowest four bits, the lowest first; 1: negative. (Sign bits, where the shader selects: conditions of 64
// threads are two scalar registers each, and 32 weights have more of them than there are.)
FN vec4f with_signs(vec4f v, u32 bits) {
  const vec4u signs = (vec4u(bits) << vec4u(31u, 30u, 29u, 28u)) & vec4u(0x80000000u);
  return bitcast<vec4f>(bitcast<vec4u>(v) ^ signs);
}

// Eight signs of seven stored bits: the eighth makes their number even.
FN u32 even_signs(u32 seven) {
  const u32 bits = seven & 127u;
  return bits | ((countOneBits(bits) & 1u) << 7u);
}

// For each byte of `word` that byte of a table of sixteen which its lower nibble names; the first four are the lowest word.
FN u32 look_up(u32 word, vec4u table) {
  const u32 eight = word & 0x07070707u;
  const u32 low = select_bytes(table.y, table.x, eight);
  const u32 high = select_bytes(table.w, table.z, eight);
  const u32 is_high = ((word >> 3u) & 0x01010101u) * 255u;
  return (high & is_high) | (low & ~is_high);
}

// What the lower nibbles of IQ4_NL and IQ4_XS stand for: -127 -104 -83 -65, -49 -35 -22 -10, 1 13 25 38, 53 69 89 113.
FN u32 iq4_word(u32 word) {
  return look_up(word, vec4u(0xbfad9881u, 0xf6eaddcfu, 0x26190d01u, 0x71594535u));
}

FN vec4f iq4_values(u32 word) {
  return vec4f(unpack4xI8(iq4_word(word)));
}

// The same of four words, as bytes.
FN vec4u iq4_bytes(vec4u words) {
  return vec4u(iq4_word(words.x), iq4_word(words.y), iq4_word(words.z), iq4_word(words.w));
}

// Twice the numbers 0 ½ 1 1½ 2 3 4 6 (E2M1) that the lower nibbles stand for, with the sign of the fourth bit.
FN u32 e2m1_word(u32 word) {
  return look_up(word, vec4u(0x03020100u, 0x0c080604u, 0xfdfeff00u, 0xf4f8fafcu));
}

FN vec4f e2m1_values(u32 word, f32 half_scale) {
  return vec4f(unpack4xI8(e2m1_word(word))) * half_scale;
}

// The same of four words, doubled, as bytes.
FN vec4u e2m1_bytes(vec4u words) {
  return vec4u(e2m1_word(words.x), e2m1_word(words.y), e2m1_word(words.z), e2m1_word(words.w));
}

// The four lowest bit pairs as bytes.
FN u32 spread_pairs(u32 bits) {
  const u32 four = bits & 255u;
  return (four | (four << 6u) | (four << 12u) | (four << 18u)) & 0x03030303u;
}

// The lowest three bits of the four lowest nibbles as bytes.
FN u32 spread_nibbles(u32 bits) {
  const u32 pairs = (bits & 0xffu) | ((bits & 0xff00u) << 8u);
  return (pairs | (pairs << 4u)) & 0x07070707u;
}

// Four of a point of a grid of IQ2, two bits each: 8 25 43.
FN vec4f iq2_values(u32 point) {
  return vec4f(unpack4xU8(select_bytes(0u, 0x2b1908u, spread_pairs(point))));
}

// Four of a point of the grid of IQ1, two bits each.
FN vec4f iq1_values(u32 point) {
  return vec4f(unpack4xU8(spread_pairs(point))) - vec4f(1.0f);
}

// Scale and minimum of unit j of eight, six bits each, as Q4_K and Q5_K pack them into three words.
FN vec2f k_scales(u32 a, u32 b, u32 c, u32 j) {
  const u32 shift = 8u * (j & 3u);
  const vec2u high = vec2u(a, b) >> vec2u(shift);
  const vec2u low = vec2u(c >> shift, c >> (shift + 4u));
  const vec2u late = (low & vec2u(15u)) | ((high >> vec2u(2u)) & vec2u(48u));
  return vec2f(select(high & vec2u(63u), late, j >= 4u));
}
