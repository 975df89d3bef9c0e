// IQ2_XXS, re-laid at upload: first a plane of 16 words a block of 256 (for each 32 elements a word of four grid indices and a
// word of four times seven signs and a scale), then a plane of scales, two halves a word.
// Value = scale · (4-bit scale + ½) ÷ 4 · grid, signed.
import package::lib::iq_grids::IQ2_XXS_GRID;
import package::lib::quant::{ even_signs, half_of, iq2_values, with_signs };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

const GROUP_UNITS: u32 = 2u; // what a block shares, its scale, is read once for two

struct Words {
  scale: f32,
}

fn group_words(unit: u32, plane: u32) -> Words {
  let block_index = unit >> 3u;
  return Words(half_of(weights[plane + (block_index >> 1u)], block_index));
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let indices = weights[unit * 2u];
  let word = weights[unit * 2u + 1u];
  let scale = words.scale * (f32(word >> 28u) + 0.5) * 0.25;
  let a = point(indices);
  let b = point(indices >> 8u);
  let c = point(indices >> 16u);
  let d = point(indices >> 24u);
  let e = even_signs(word);
  let f = even_signs(word >> 7u);
  let g = even_signs(word >> 14u);
  let h = even_signs(word >> 21u);
  return array<vec4f, 8>(
    with_signs(iq2_values(a) * scale, e), with_signs(iq2_values(a >> 8u) * scale, e >> 4u),
    with_signs(iq2_values(b) * scale, f), with_signs(iq2_values(b >> 8u) * scale, f >> 4u),
    with_signs(iq2_values(c) * scale, g), with_signs(iq2_values(c >> 8u) * scale, g >> 4u),
    with_signs(iq2_values(d) * scale, h), with_signs(iq2_values(d >> 8u) * scale, h >> 4u),
  );
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

// The 8 elements of a grid index.
fn point(bits: u32) -> u32 {
  let index = bits & 255u;
  return IQ2_XXS_GRID[index >> 1u] >> (16u * (index & 1u));
}
