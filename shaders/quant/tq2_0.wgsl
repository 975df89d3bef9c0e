// TQ2_0, re-laid at upload: first a plane of 16 words a block of 256 (bit pairs as in Q2_K), then a plane of scales, two
// halves a word. Value = scale · (bit pair - 1).
import package::lib::quant::{ bit_pairs, half_of };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let block_index = unit >> 3u;
  let j = unit & 7u;
  let scale = half_of(weights[plane + (block_index >> 1u)], block_index);
  let q = block_index * 16u + 8u * (j >> 2u);
  let shift = 2u * (j & 3u);
  return array<vec4f, 8>(
    values(weights[q] >> shift, scale), values(weights[q + 1u] >> shift, scale),
    values(weights[q + 2u] >> shift, scale), values(weights[q + 3u] >> shift, scale),
    values(weights[q + 4u] >> shift, scale), values(weights[q + 5u] >> shift, scale),
    values(weights[q + 6u] >> shift, scale), values(weights[q + 7u] >> shift, scale),
  );
}

fn values(word: u32, scale: f32) -> vec4f {
  return (vec4f(bit_pairs(word)) - vec4f(1.0)) * scale;
}
