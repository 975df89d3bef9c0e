// Q6_K, re-laid at upload: first a plane of 52 words a block of 256 (128 bytes of nibbles, element 128c + 64n + m in nibble n
// of byte 64c + m; 64 bytes of upper bit pairs, element 128c + 32s + l in the bits 2s of byte 32c + l; 16 signed bytes of
// scales), then a plane of scales, two halves a word. Value = scale · scale byte · (six bits - 32).
import package::lib::quant::{ bit_pairs, half_of, nibbles };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let block_index = unit >> 3u;
  let j = unit & 7u;
  let o = block_index * 52u;
  let scale = half_of(weights[plane + (block_index >> 1u)], block_index);
  let word = weights[o + 48u + (j >> 1u)] >> (16u * (j & 1u));
  let s = vec2f(bitcast<vec2i>(vec2u(word) << vec2u(24u, 16u)) >> vec2u(24u)) * scale;
  let q = o + 16u * (j >> 2u) + 8u * (j & 1u);
  let n = 4u * ((j >> 1u) & 1u);
  let h = o + 32u + 8u * (j >> 2u);
  let p = 2u * (j & 3u);
  return array<vec4f, 8>(
    values(weights[q] >> n, weights[h] >> p, s.x), values(weights[q + 1u] >> n, weights[h + 1u] >> p, s.x),
    values(weights[q + 2u] >> n, weights[h + 2u] >> p, s.x), values(weights[q + 3u] >> n, weights[h + 3u] >> p, s.x),
    values(weights[q + 4u] >> n, weights[h + 4u] >> p, s.y), values(weights[q + 5u] >> n, weights[h + 5u] >> p, s.y),
    values(weights[q + 6u] >> n, weights[h + 6u] >> p, s.y), values(weights[q + 7u] >> n, weights[h + 7u] >> p, s.y),
  );
}

fn values(low: u32, high: u32, scale: f32) -> vec4f {
  return (vec4f(nibbles(low) | (bit_pairs(high) << vec4u(4u))) - vec4f(32.0)) * scale;
}
