// IQ2_XS, re-laid at upload: first a plane of 18 words a block of 256 (for each 8 elements nine bits of grid index and seven of
// signs; for each 16 a nibble of scale), then a plane of scales, two halves a word.
// Value = scale · (nibble + ½) ÷ 4 · grid, signed.
import package::lib::iq_grids::IQ2_XS_GRID;
import package::lib::quant::{ even_signs, half_of, iq2_values, with_signs };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

const GROUP_UNITS: u32 = 4u; // they share a word of scales

struct Words {
  scale: f32,
  nibbles: u32, // of four units' scales
}

fn group_words(unit: u32, plane: u32) -> Words {
  let block_index = unit >> 3u;
  return Words(
    half_of(weights[plane + (block_index >> 1u)], block_index),
    weights[block_index * 18u + 16u + ((unit >> 2u) & 1u)],
  );
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = (unit >> 3u) * 18u + 2u * (unit & 7u);
  let byte = words.nibbles >> (8u * (unit & 3u));
  let s = (vec2f(vec2u(byte, byte >> 4u) & vec2u(15u)) + vec2f(0.5)) * words.scale * 0.25;
  let low = weights[o];
  let high = weights[o + 1u];
  let a = point(low);
  let b = point(low >> 16u);
  let c = point(high);
  let d = point(high >> 16u);
  let e = even_signs(low >> 9u);
  let f = even_signs(low >> 25u);
  let g = even_signs(high >> 9u);
  let h = even_signs(high >> 25u);
  return array<vec4f, 8>(
    with_signs(iq2_values(a) * s.x, e), with_signs(iq2_values(a >> 8u) * s.x, e >> 4u),
    with_signs(iq2_values(b) * s.x, f), with_signs(iq2_values(b >> 8u) * s.x, f >> 4u),
    with_signs(iq2_values(c) * s.y, g), with_signs(iq2_values(c >> 8u) * s.y, g >> 4u),
    with_signs(iq2_values(d) * s.y, h), with_signs(iq2_values(d >> 8u) * s.y, h >> 4u),
  );
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

// The 8 elements of a grid index.
fn point(bits: u32) -> u32 {
  let index = bits & 511u;
  return IQ2_XS_GRID[index >> 1u] >> (16u * (index & 1u));
}
