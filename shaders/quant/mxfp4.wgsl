// MXFP4, re-laid at upload: first a plane of 4 words a block (32 nibbles as in Q4_1, each an E2M1 number), then a plane of
// exponents, four bytes a word. Value = 2^(exponent - 127) · E2M1.
import package::lib::bytes::ByteUnit;
import package::lib::quant::{ e2m1_bytes, e2m1_values };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on; `plane` is the word at which the exponents begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let scale = half_scale((weights[plane + (unit >> 2u)] >> (8u * (unit & 3u))) & 255u);
  let o = unit * 4u;
  let a = weights[o];
  let b = weights[o + 1u];
  let c = weights[o + 2u];
  let d = weights[o + 3u];
  return array<vec4f, 8>(
    e2m1_values(a, scale), e2m1_values(b, scale), e2m1_values(c, scale), e2m1_values(d, scale),
    e2m1_values(a >> 4u, scale), e2m1_values(b >> 4u, scale), e2m1_values(c >> 4u, scale), e2m1_values(d >> 4u, scale),
  );
}

// 2^(exponent - 128); the two smallest are subnormal.
fn half_scale(exponent: u32) -> f32 {
  return bitcast<f32>(select((exponent - 1u) << 23u, 0x200000u << (exponent & 1u), exponent < 2u));
}

// The same as bytes, doubled: halves are whole then.
fn byte32(unit: u32, plane: u32) -> ByteUnit {
  let scale = half_scale((weights[plane + (unit >> 2u)] >> (8u * (unit & 3u))) & 255u);
  let o = unit * 4u;
  let q = vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]);
  return ByteUnit(e2m1_bytes(q), e2m1_bytes(q >> vec4u(4u)), vec2f(scale), vec2f(0.0));
}
