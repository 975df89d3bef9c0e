// IQ2_S, re-laid at upload: first a plane of 20 words a block of 256 (for each 8 elements a byte of grid index; for each 8 a
// byte of signs; 8 bytes of the indices' upper bit pairs; for each 16 a nibble of scale), then a plane of scales, two halves a
// word. Value = scale · (nibble + ½) ÷ 4 · grid, signed.
import package::lib::iq_grids::IQ2_S_GRID;
import package::lib::quant::{ half_of, iq2_values, with_signs };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

const GROUP_UNITS: u32 = 4u; // they share a word of scales and one of upper index bits

struct Words {
  scale: f32,
  upper: u32,
  nibbles: u32, // of scales
}

fn group_words(unit: u32, plane: u32) -> Words {
  let block_index = unit >> 3u;
  let o = block_index * 20u + 16u + ((unit >> 2u) & 1u);
  return Words(half_of(weights[plane + (block_index >> 1u)], block_index), weights[o], weights[o + 2u]);
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = (unit >> 3u) * 20u + (unit & 7u);
  let shift = 8u * (unit & 3u);
  let upper = words.upper >> shift;
  let byte = words.nibbles >> shift;
  let s = (vec2f(vec2u(byte, byte >> 4u) & vec2u(15u)) + vec2f(0.5)) * words.scale * 0.25;
  let indices = weights[o];
  let signs = weights[o + 8u];
  let a = point(indices, upper);
  let b = point(indices >> 8u, upper >> 2u);
  let c = point(indices >> 16u, upper >> 4u);
  let d = point(indices >> 24u, upper >> 6u);
  return array<vec4f, 8>(
    with_signs(iq2_values(a) * s.x, signs), with_signs(iq2_values(a >> 8u) * s.x, signs >> 4u),
    with_signs(iq2_values(b) * s.x, signs >> 8u), with_signs(iq2_values(b >> 8u) * s.x, signs >> 12u),
    with_signs(iq2_values(c) * s.y, signs >> 16u), with_signs(iq2_values(c >> 8u) * s.y, signs >> 20u),
    with_signs(iq2_values(d) * s.y, signs >> 24u), with_signs(iq2_values(d >> 8u) * s.y, signs >> 28u),
  );
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

// The 8 elements of a grid index.
fn point(low: u32, high: u32) -> u32 {
  let index = (low & 255u) | ((high & 3u) << 8u);
  return IQ2_S_GRID[index >> 1u] >> (16u * (index & 1u));
}
