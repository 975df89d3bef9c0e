// NVFP4, as in the file: 9 words a block of 64: four scales (unsigned E4M3, a byte each), then two words of E2M1 nibbles for
// each of them, 16 weights; the lower nibbles first. Value = scale · E2M1.
import package::lib::quant::e2m1_values;
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on; there is no second plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let block = (unit >> 1u) * 9u;
  let scales = weights[block] >> (16u * (unit & 1u));
  let first = half_scale(scales & 255u);
  let second = half_scale((scales >> 8u) & 255u);
  let o = block + 1u + 4u * (unit & 1u);
  let a = weights[o];
  let b = weights[o + 1u];
  let c = weights[o + 2u];
  let d = weights[o + 3u];
  return array<vec4f, 8>(
    e2m1_values(a, first), e2m1_values(b, first), e2m1_values(a >> 4u, first), e2m1_values(b >> 4u, first),
    e2m1_values(c, second), e2m1_values(d, second), e2m1_values(c >> 4u, second), e2m1_values(d >> 4u, second),
  );
}

// Half of an E4M3 number: subnormal where the exponent is 0; 127 stands for no number and is read as 0.
fn half_scale(byte: u32) -> f32 {
  let exponent = (byte >> 3u) & 15u;
  let normal = bitcast<f32>(((exponent + 119u) << 23u) | ((byte & 7u) << 20u));
  let subnormal = f32(byte & 7u) * 0.0009765625;
  return select(select(normal, subnormal, exponent == 0u), 0.0, byte == 127u);
}
