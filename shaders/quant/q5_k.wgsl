// Q5_K: 44 words a block of 256: as Q4_K, with 32 bytes of fifth bits before the nibbles: bit j of byte l for element
// 32j + l. Value = scale · five bits - minimum.
import package::lib::quant::{ k_scales, nibbles };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = (unit >> 3u) * 44u;
  let j = unit & 7u;
  let s = unpack2x16float(weights[o]) * k_scales(weights[o + 1u], weights[o + 2u], weights[o + 3u], j);
  let h = o + 4u;
  let q = o + 12u + 8u * (j >> 1u);
  let shift = 4u * (j & 1u);
  return array<vec4f, 8>(
    values(weights[q] >> shift, weights[h] >> j, s), values(weights[q + 1u] >> shift, weights[h + 1u] >> j, s),
    values(weights[q + 2u] >> shift, weights[h + 2u] >> j, s), values(weights[q + 3u] >> shift, weights[h + 3u] >> j, s),
    values(weights[q + 4u] >> shift, weights[h + 4u] >> j, s), values(weights[q + 5u] >> shift, weights[h + 5u] >> j, s),
    values(weights[q + 6u] >> shift, weights[h + 6u] >> j, s), values(weights[q + 7u] >> shift, weights[h + 7u] >> j, s),
  );
}

fn values(word: u32, fifth: u32, scale_min: vec2f) -> vec4f {
  let high = ((vec4u(fifth) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(1u)) << vec4u(4u);
  return vec4f(nibbles(word) | high) * scale_min.x - vec4f(scale_min.y);
}
