// Q3_K, re-laid at upload: first a plane of 27 words a block of 256 (32 bytes of third bits, bit j of byte l for element
// 32j + l; 64 bytes of bit pairs as in Q2_K; 12 bytes of scales, six bits each), then a plane of scales, two halves a word.
// Value = scale · (six bits - 32) · (three bits - 4).
import package::lib::quant::{ bit_pairs, half_of };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let block_index = unit >> 3u;
  let j = unit & 7u;
  let o = block_index * 27u;
  let scale = half_of(weights[plane + (block_index >> 1u)], block_index);
  let low = weights[o + 24u + ((j >> 1u) & 1u)] >> (16u * (j & 1u) + 4u * (j >> 2u));
  let high = weights[o + 26u] >> (16u * (j & 1u) + 2u * (j >> 1u));
  let six = (vec2u(low, low >> 8u) & vec2u(15u)) | ((vec2u(high, high >> 8u) & vec2u(3u)) << vec2u(4u));
  let s = (vec2f(six) - vec2f(32.0)) * scale;
  let q = o + 8u + 8u * (j >> 2u);
  let shift = 2u * (j & 3u);
  return array<vec4f, 8>(
    values(weights[q] >> shift, weights[o] >> j, s.x), values(weights[q + 1u] >> shift, weights[o + 1u] >> j, s.x),
    values(weights[q + 2u] >> shift, weights[o + 2u] >> j, s.x), values(weights[q + 3u] >> shift, weights[o + 3u] >> j, s.x),
    values(weights[q + 4u] >> shift, weights[o + 4u] >> j, s.y), values(weights[q + 5u] >> shift, weights[o + 5u] >> j, s.y),
    values(weights[q + 6u] >> shift, weights[o + 6u] >> j, s.y), values(weights[q + 7u] >> shift, weights[o + 7u] >> j, s.y),
  );
}

fn values(pairs: u32, third: u32, scale: f32) -> vec4f {
  return (vec4f(bit_pairs(pairs) | third_bits(third)) - vec4f(4.0)) * scale;
}

fn third_bits(word: u32) -> vec4u {
  return ((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(1u)) << vec4u(2u);
}
