// What the block formats share.

// The four bytes of a word, the lowest first.
fn bytes(word: u32) -> vec4u {
  return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
}

// The lower nibbles of the four bytes of a word.
fn nibbles(word: u32) -> vec4u {
  return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u);
}

// The four bytes of a word, the lowest first and the highest signed, where they lie: times PLACES. Times a scale · PER_PLACE that
// is exactly what the bytes times the scale are, without shifts, which software adapters take apart thread by thread.
fn in_place(word: u32) -> vec4f {
  return vec4f(bitcast<vec4i>(vec4u(word) & vec4u(0xffu, 0xff00u, 0xff0000u, 0xff000000u)));
}

const PLACES = vec4f(1.0, 256.0, 65536.0, 16777216.0);
const PER_PLACE = 1.0 / PLACES;

fn nibbles_in_place(word: u32) -> vec4f {
  return in_place(word & 0x0f0f0f0fu);
}

// Nibbles with the lowest four bits of `fifth` above them.
fn fives_in_place(word: u32, fifth: u32) -> vec4f {
  return in_place((word & 0x0f0f0f0fu) | (((fifth & 15u) * 0x2040810u) & 0x10101010u));
}

// Half `index` of a plane of halves; `pair` is the word index / 2.
fn half_of(pair: u32, index: u32) -> f32 {
  let halves = unpack2x16float(pair);
  return select(halves.x, halves.y, (index & 1u) == 1u);
}

// `v` with the signs of the lowest four bits, the lowest first; 1: negative.
fn with_signs(v: vec4f, bits: u32) -> vec4f {
  return select(v, -v, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u(0u));
}

// Eight signs of seven stored bits: the eighth makes their number even.
fn even_signs(seven: u32) -> u32 {
  let bits = seven & 127u;
  return bits | ((countOneBits(bits) & 1u) << 7u);
}

// What nibbles of IQ4_NL and IQ4_XS stand for: -127 -104 -83 -65, -49 -35 -22 -10, 1 13 25 38, 53 69 89 113.
fn iq4_values(nibble: vec4u) -> vec4f {
  let second = (nibble & vec4u(4u)) != vec4u(0u);
  let low = select(vec4u(0xbfad9881u), vec4u(0xf6eaddcfu), second);
  let high = select(vec4u(0x26190d01u), vec4u(0x71594535u), second);
  let four = select(low, high, nibble >= vec4u(8u));
  return vec4f(bitcast<vec4i>(four << (vec4u(24u) - ((nibble & vec4u(3u)) << vec4u(3u)))) >> vec4u(24u));
}

// Four whole numbers as signed bytes, the first lowest. Not `pack4xI8`, which browsers need not have: exact kernels are joined with this too.
fn packed(v: vec4f) -> u32 {
  let bytes = bitcast<vec4u>(vec4i(v)) & vec4u(255u);
  return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}

// `iq4_values` of the lower nibbles of four words' bytes, as bytes.
fn iq4_bytes(words: vec4u) -> vec4u {
  return vec4u(
    packed(iq4_values(nibbles(words.x))), packed(iq4_values(nibbles(words.y))),
    packed(iq4_values(nibbles(words.z))), packed(iq4_values(nibbles(words.w))),
  );
}

// `e2m1_values`, doubled, of the lower nibbles of four words' bytes, as bytes.
fn e2m1_bytes(words: vec4u) -> vec4u {
  return vec4u(
    packed(e2m1_values(words.x, 1.0)), packed(e2m1_values(words.y, 1.0)),
    packed(e2m1_values(words.z, 1.0)), packed(e2m1_values(words.w, 1.0)),
  );
}

// Twice the numbers 0 ½ 1 1½ 2 3 4 6 (E2M1) that the lower nibbles stand for, with the sign of the fourth bit.
fn e2m1_values(word: u32, half_scale: f32) -> vec4f {
  let codes = nibbles(word);
  let doubled = vec4f((vec4u(0xc8643210u) >> ((codes & vec4u(7u)) << vec4u(2u))) & vec4u(15u)) * half_scale;
  return select(doubled, -doubled, codes >= vec4u(8u));
}

// Four of a point of a grid of IQ2, two bits each.
fn iq2_values(point: u32) -> vec4f {
  let codes = (vec4u(point) >> vec4u(0u, 2u, 4u, 6u)) & vec4u(3u);
  return vec4f((vec4u(0x2b1908u) >> (codes << vec4u(3u))) & vec4u(255u));
}

// Four of a point of the grid of IQ1, two bits each.
fn iq1_values(point: u32) -> vec4f {
  return vec4f((vec4u(point) >> vec4u(0u, 2u, 4u, 6u)) & vec4u(3u)) - vec4f(1.0);
}

// Scale and minimum of unit j of eight, six bits each, as Q4_K and Q5_K pack them into three words.
fn k_scales(a: u32, b: u32, c: u32, j: u32) -> vec2f {
  let shift = 8u * (j & 3u);
  let high = vec2u(a, b) >> vec2u(shift);
  let low = vec2u(c >> shift, c >> (shift + 4u));
  let late = (low & vec2u(15u)) | ((high >> vec2u(2u)) & vec2u(48u));
  return vec2f(select(high & vec2u(63u), late, j >= 4u));
}
