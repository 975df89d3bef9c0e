// Q8_0, re-laid at upload: first a plane of 8 words a block (32 signed bytes), then a plane of scales, two halves a word.
import package::lib::bytes::ByteUnit;
import package::lib::quant::{ PER_PLACE, half_of, in_place };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let scale = half_of(weights[plane + (unit >> 1u)], unit) * PER_PLACE;
  let o = unit * 8u;
  return array<vec4f, 8>(
    signed(weights[o]) * scale, signed(weights[o + 1u]) * scale, signed(weights[o + 2u]) * scale, signed(weights[o + 3u]) * scale,
    signed(weights[o + 4u]) * scale, signed(weights[o + 5u]) * scale, signed(weights[o + 6u]) * scale, signed(weights[o + 7u]) * scale,
  );
}

fn signed(word: u32) -> vec4f {
  return in_place(word ^ 0x808080u) - vec4f(0x80, 0x8000, 0x800000, 0); // where the first three have 128 too much
}

// The same as bytes, which they are.
fn byte32(unit: u32, plane: u32) -> ByteUnit {
  let o = unit * 8u;
  return ByteUnit(
    vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]),
    vec4u(weights[o + 4u], weights[o + 5u], weights[o + 6u], weights[o + 7u]),
    vec2f(half_of(weights[plane + (unit >> 1u)], unit)), vec2f(0.0),
  );
}
