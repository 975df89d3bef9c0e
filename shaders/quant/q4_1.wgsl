// Q4_1: 5 words a block of 32: scale and minimum as halves, then 32 nibbles; element i < 16 is the low nibble of byte i,
// element i + 16 its high nibble. Value = scale · nibble + minimum.
import package::lib::bytes::{ ByteUnit, high_nibbles, low_nibbles };
import package::lib::quant::{ PER_PLACE, nibbles_in_place };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = unit * 5u;
  let scale_min = unpack2x16float(weights[o]);
  let scale = scale_min.x * PER_PLACE;
  let minimum = vec4f(scale_min.y);
  let a = weights[o + 1u];
  let b = weights[o + 2u];
  let c = weights[o + 3u];
  let d = weights[o + 4u];
  return array<vec4f, 8>(
    values(a, scale, minimum), values(b, scale, minimum), values(c, scale, minimum), values(d, scale, minimum),
    values(a >> 4u, scale, minimum), values(b >> 4u, scale, minimum),
    values(c >> 4u, scale, minimum), values(d >> 4u, scale, minimum),
  );
}

fn values(word: u32, scale: vec4f, minimum: vec4f) -> vec4f {
  return nibbles_in_place(word) * scale + minimum;
}

// The same as bytes.
fn byte32(unit: u32, plane: u32) -> ByteUnit {
  let o = unit * 5u;
  let scale_min = unpack2x16float(weights[o]);
  let q = vec4u(weights[o + 1u], weights[o + 2u], weights[o + 3u], weights[o + 4u]);
  return ByteUnit(low_nibbles(q), high_nibbles(q), vec2f(scale_min.x), vec2f(-scale_min.y));
}
