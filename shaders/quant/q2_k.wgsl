// Q2_K: 21 words a block of 256: 16 bytes of scale and minimum nibbles, one of 16 elements each; 64 bytes of bit pairs,
// element 128c + 32s + l in the bits 2s of byte 32c + l; scale and minimum as halves. Value = scale · bit pair - minimum.
import package::lib::quant::bit_pairs;
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = (unit >> 3u) * 21u;
  let j = unit & 7u;
  let both = unpack2x16float(weights[o + 20u]);
  let nibble = vec4u(weights[o + (j >> 1u)] >> (16u * (j & 1u))) >> vec4u(0u, 4u, 8u, 12u);
  let s = vec4f(nibble & vec4u(15u)) * both.xyxy; // scale, minimum of the first 16; of the others
  let q = o + 4u + 8u * (j >> 2u);
  let shift = 2u * (j & 3u);
  return array<vec4f, 8>(
    values(weights[q] >> shift, s.xy), values(weights[q + 1u] >> shift, s.xy),
    values(weights[q + 2u] >> shift, s.xy), values(weights[q + 3u] >> shift, s.xy),
    values(weights[q + 4u] >> shift, s.zw), values(weights[q + 5u] >> shift, s.zw),
    values(weights[q + 6u] >> shift, s.zw), values(weights[q + 7u] >> shift, s.zw),
  );
}

fn values(word: u32, scale_min: vec2f) -> vec4f {
  return vec4f(bit_pairs(word)) * scale_min.x - vec4f(scale_min.y);
}
