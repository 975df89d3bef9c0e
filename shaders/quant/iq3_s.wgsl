// IQ3_S, re-laid at upload: first a plane of 27 words a block of 256 (for each 4 elements a byte of grid index; 8 bytes of the
// indices' ninth bits; for each 8 a byte of signs; for each 32 a nibble of scale), then a plane of scales, two halves a word.
// Value = scale · (2 · nibble + 1) · grid, signed.
import package::lib::iq_grids::IQ3_S_GRID;
import package::lib::quant::{ half_of, with_signs };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

const GROUP_UNITS: u32 = 4u; // they share a word of ninth bits, and every one of the block that of scales

struct Words {
  scale: f32,
  nibbles: u32, // of the block's scales
  ninth: u32,
}

fn group_words(unit: u32, plane: u32) -> Words {
  let block_index = unit >> 3u;
  let o = block_index * 27u;
  return Words(
    half_of(weights[plane + (block_index >> 1u)], block_index),
    weights[o + 26u],
    weights[o + 16u + ((unit >> 2u) & 1u)],
  );
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let j = unit & 7u;
  let o = (unit >> 3u) * 27u;
  let nibble = (words.nibbles >> (4u * j)) & 15u;
  let scale = words.scale * f32(2u * nibble + 1u);
  let low = weights[o + 2u * j];
  let high = weights[o + 2u * j + 1u];
  let ninth = words.ninth >> (8u * (j & 3u));
  let signs = weights[o + 18u + j];
  return array<vec4f, 8>(
    with_signs(values(low, ninth) * scale, signs), with_signs(values(low >> 8u, ninth >> 1u) * scale, signs >> 4u),
    with_signs(values(low >> 16u, ninth >> 2u) * scale, signs >> 8u), with_signs(values(low >> 24u, ninth >> 3u) * scale, signs >> 12u),
    with_signs(values(high, ninth >> 4u) * scale, signs >> 16u), with_signs(values(high >> 8u, ninth >> 5u) * scale, signs >> 20u),
    with_signs(values(high >> 16u, ninth >> 6u) * scale, signs >> 24u), with_signs(values(high >> 24u, ninth >> 7u) * scale, signs >> 28u),
  );
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

// The 4 elements of a grid index: a nibble n stands for 2n + 1.
fn values(low: u32, ninth: u32) -> vec4f {
  let index = (low & 255u) | ((ninth & 1u) << 8u);
  let point = IQ3_S_GRID[index >> 1u] >> (16u * (index & 1u));
  let n = (vec4u(point) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(7u);
  return vec4f((n << vec4u(1u)) | vec4u(1u));
}
