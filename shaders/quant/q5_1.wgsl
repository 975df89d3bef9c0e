// Q5_1: 6 words a block of 32: scale and minimum as halves, 32 fifth bits, 32 nibbles as in Q4_1.
// Value = scale · five bits + minimum.
import package::lib::bytes::{ ByteUnit, fifth_bits, high_nibbles, low_nibbles };
import package::lib::quant::{ PER_PLACE, fives_in_place };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = unit * 6u;
  let scale_min = unpack2x16float(weights[o]);
  let scale = scale_min.x * PER_PLACE;
  let minimum = vec4f(scale_min.y);
  let fifth = weights[o + 1u];
  let a = weights[o + 2u];
  let b = weights[o + 3u];
  let c = weights[o + 4u];
  let d = weights[o + 5u];
  return array<vec4f, 8>(
    values(a, fifth, scale, minimum), values(b, fifth >> 4u, scale, minimum),
    values(c, fifth >> 8u, scale, minimum), values(d, fifth >> 12u, scale, minimum),
    values(a >> 4u, fifth >> 16u, scale, minimum), values(b >> 4u, fifth >> 20u, scale, minimum),
    values(c >> 4u, fifth >> 24u, scale, minimum), values(d >> 4u, fifth >> 28u, scale, minimum),
  );
}

fn values(word: u32, fifth: u32, scale: vec4f, minimum: vec4f) -> vec4f {
  return fives_in_place(word, fifth) * scale + minimum;
}

// The same as bytes.
fn byte32(unit: u32, plane: u32) -> ByteUnit {
  let o = unit * 6u;
  let scale_min = unpack2x16float(weights[o]);
  let fifth = vec4u(weights[o + 1u]) >> vec4u(0u, 4u, 8u, 12u);
  let q = vec4u(weights[o + 2u], weights[o + 3u], weights[o + 4u], weights[o + 5u]);
  return ByteUnit(
    low_nibbles(q) | fifth_bits(fifth), high_nibbles(q) | fifth_bits(fifth >> vec4u(16u)),
    vec2f(scale_min.x), vec2f(-scale_min.y),
  );
}
