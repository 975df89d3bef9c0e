// Q5_0, re-laid at upload: first a plane of 5 words a block (32 fifth bits, 32 nibbles as in Q4_1), then a plane of scales,
// two halves a word. Value = scale · (five bits - 16).
import package::lib::bytes::{ ByteUnit, fifth_bits, high_nibbles, low_nibbles };
import package::lib::quant::{ PER_PLACE, PLACES, fives_in_place, half_of };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let scale = half_of(weights[plane + (unit >> 1u)], unit) * PER_PLACE;
  let o = unit * 5u;
  let fifth = weights[o];
  let a = weights[o + 1u];
  let b = weights[o + 2u];
  let c = weights[o + 3u];
  let d = weights[o + 4u];
  return array<vec4f, 8>(
    values(a, fifth, scale), values(b, fifth >> 4u, scale), values(c, fifth >> 8u, scale), values(d, fifth >> 12u, scale),
    values(a >> 4u, fifth >> 16u, scale), values(b >> 4u, fifth >> 20u, scale),
    values(c >> 4u, fifth >> 24u, scale), values(d >> 4u, fifth >> 28u, scale),
  );
}

fn values(word: u32, fifth: u32, scale: vec4f) -> vec4f {
  return (fives_in_place(word, fifth) - 16.0 * PLACES) * scale;
}

// The same as bytes.
fn byte32(unit: u32, plane: u32) -> ByteUnit {
  let scale = half_of(weights[plane + (unit >> 1u)], unit);
  let o = unit * 5u;
  let fifth = vec4u(weights[o]) >> vec4u(0u, 4u, 8u, 12u);
  let q = vec4u(weights[o + 1u], weights[o + 2u], weights[o + 3u], weights[o + 4u]);
  return ByteUnit(
    low_nibbles(q) | fifth_bits(fifth), high_nibbles(q) | fifth_bits(fifth >> vec4u(16u)),
    vec2f(scale), vec2f(16.0 * scale),
  );
}
