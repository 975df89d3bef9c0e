// Q4_K: 36 words a block of 256: scale and minimum as halves; 12 bytes of a scale and a minimum for each 32 elements, six
// bits each; 128 bytes of nibbles, element 64c + 32n + l in nibble n of byte 32c + l. Value = scale · nibble - minimum.
import package::lib::quant::{ k_scales, nibbles };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = (unit >> 3u) * 36u;
  let j = unit & 7u;
  let s = unpack2x16float(weights[o]) * k_scales(weights[o + 1u], weights[o + 2u], weights[o + 3u], j);
  let q = o + 4u + 8u * (j >> 1u);
  let shift = 4u * (j & 1u);
  return array<vec4f, 8>(
    values(weights[q] >> shift, s), values(weights[q + 1u] >> shift, s),
    values(weights[q + 2u] >> shift, s), values(weights[q + 3u] >> shift, s),
    values(weights[q + 4u] >> shift, s), values(weights[q + 5u] >> shift, s),
    values(weights[q + 6u] >> shift, s), values(weights[q + 7u] >> shift, s),
  );
}

fn values(word: u32, scale_min: vec2f) -> vec4f {
  return vec4f(nibbles(word)) * scale_min.x - vec4f(scale_min.y);
}
