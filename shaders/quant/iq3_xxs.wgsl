// IQ3_XXS, re-laid at upload: first a plane of 24 words a block of 256 (for each 4 elements a byte of grid index; for each 32 a
// word of four times seven signs and a scale), then a plane of scales, two halves a word.
// Value = scale · (4-bit scale + ½) ÷ 2 · grid, signed.
import package::lib::iq_grids::IQ3_XXS_GRID;
import package::lib::quant::{ even_signs, half_of, with_signs };
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
  let j = unit & 7u;
  let o = (unit >> 3u) * 24u;
  let word = weights[o + 16u + j];
  let scale = words.scale * (f32(word >> 28u) + 0.5) * 0.5;
  let low = weights[o + 2u * j];
  let high = weights[o + 2u * j + 1u];
  let e = even_signs(word);
  let f = even_signs(word >> 7u);
  let g = even_signs(word >> 14u);
  let h = even_signs(word >> 21u);
  return array<vec4f, 8>(
    with_signs(values(low) * scale, e), with_signs(values(low >> 8u) * scale, e >> 4u),
    with_signs(values(low >> 16u) * scale, f), with_signs(values(low >> 24u) * scale, f >> 4u),
    with_signs(values(high) * scale, g), with_signs(values(high >> 8u) * scale, g >> 4u),
    with_signs(values(high >> 16u) * scale, h), with_signs(values(high >> 24u) * scale, h >> 4u),
  );
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

// The 4 elements of a grid index: a nibble n stands for 8n + 4, the last one, 7, for 62.
fn values(bits: u32) -> vec4f {
  let index = bits & 255u;
  let point = IQ3_XXS_GRID[index >> 1u] >> (16u * (index & 1u));
  let n = (vec4u(point) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(7u);
  return vec4f((n << vec4u(3u)) + select(vec4u(4u), vec4u(6u), n == vec4u(7u)));
}
