// Q4_1: 5 words a block of 32: scale and minimum as halves, then 32 nibbles; element i < 16 is the low nibble of byte i,
// element i + 16 its high nibble. Value = scale · nibble + minimum.
import package::lib::bytes::{ ByteUnit, high_nibbles, low_nibbles };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = unit * 5u;
  let scale_min = unpack2x16float(weights[o]);
  let scale = vec4f(scale_min.x);
  let minimum = vec4f(scale_min.y);
  let bytes = vec4u(0u, 8u, 16u, 24u);
  let a = vec4u(weights[o + 1u]) >> bytes;
  let b = vec4u(weights[o + 2u]) >> bytes;
  let c = vec4u(weights[o + 3u]) >> bytes;
  let d = vec4u(weights[o + 4u]) >> bytes;
  let high = vec4u(4u);
  return array<vec4f, 8>(
    nibbles(a) * scale + minimum, nibbles(b) * scale + minimum, nibbles(c) * scale + minimum, nibbles(d) * scale + minimum,
    nibbles(a >> high) * scale + minimum, nibbles(b >> high) * scale + minimum,
    nibbles(c >> high) * scale + minimum, nibbles(d >> high) * scale + minimum,
  );
}

fn nibbles(v: vec4u) -> vec4f {
  return vec4f(v & vec4u(15u));
}

// The same as bytes.
fn byte32(unit: u32, plane: u32) -> ByteUnit {
  let o = unit * 5u;
  let scale_min = unpack2x16float(weights[o]);
  let q = vec4u(weights[o + 1u], weights[o + 2u], weights[o + 3u], weights[o + 4u]);
  return ByteUnit(low_nibbles(q), high_nibbles(q), vec2f(scale_min.x), vec2f(-scale_min.y));
}
