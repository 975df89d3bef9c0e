// Q4_0, re-laid at upload: first a plane of 4 words a block (32 nibbles as in Q4_1), then a plane of scales, two halves a
// word. Value = scale · (nibble - 8).
import package::lib::bytes::{ ByteUnit, high_nibbles, low_nibbles };
import package::lib::quant::{ PER_PLACE, PLACES, half_of, nibbles_in_place };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let scale = half_of(weights[plane + (unit >> 1u)], unit) * PER_PLACE;
  let o = unit * 4u;
  let a = weights[o];
  let b = weights[o + 1u];
  let c = weights[o + 2u];
  let d = weights[o + 3u];
  return array<vec4f, 8>(
    values(a, scale), values(b, scale), values(c, scale), values(d, scale),
    values(a >> 4u, scale), values(b >> 4u, scale), values(c >> 4u, scale), values(d >> 4u, scale),
  );
}

fn values(word: u32, scale: vec4f) -> vec4f {
  return (nibbles_in_place(word) - 8.0 * PLACES) * scale;
}

// The same as bytes.
fn byte32(unit: u32, plane: u32) -> ByteUnit {
  let scale = half_of(weights[plane + (unit >> 1u)], unit);
  let o = unit * 4u;
  let q = vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]);
  return ByteUnit(low_nibbles(q), high_nibbles(q), vec2f(scale), vec2f(8.0 * scale));
}
