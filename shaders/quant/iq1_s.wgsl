// IQ1_S, re-laid at upload: first a plane of 12 words a block of 256 (for each 8 elements a byte of grid index; for each 32 four
// times three upper bits of the indices, three bits of scale and the sign of the shift), then a plane of scales, two halves a
// word. Value = scale · (2 · scale bits + 1) · (grid ± ⅛).
import package::lib::iq_grids::IQ1_GRID;
import package::lib::quant::{ half_of, iq1_values };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

const GROUP_UNITS: u32 = 2u; // they share a word of upper bits and scales

struct Words {
  scale: f32,
  high: u32, // of the first unit, then of the second
}

fn group_words(unit: u32, plane: u32) -> Words {
  let block_index = unit >> 3u;
  return Words(
    half_of(weights[plane + (block_index >> 1u)], block_index),
    weights[block_index * 12u + 8u + ((unit & 7u) >> 1u)],
  );
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let indices = weights[(unit >> 3u) * 12u + (unit & 7u)];
  let high = words.high >> (16u * (unit & 1u));
  let scale = words.scale * f32(2u * ((high >> 12u) & 7u) + 1u);
  let shift = select(0.125, -0.125, (high & 0x8000u) != 0u);
  let a = point(indices, high);
  let b = point(indices >> 8u, high >> 3u);
  let c = point(indices >> 16u, high >> 6u);
  let d = point(indices >> 24u, high >> 9u);
  return array<vec4f, 8>(
    (iq1_values(a) + shift) * scale, (iq1_values(a >> 8u) + shift) * scale,
    (iq1_values(b) + shift) * scale, (iq1_values(b >> 8u) + shift) * scale,
    (iq1_values(c) + shift) * scale, (iq1_values(c >> 8u) + shift) * scale,
    (iq1_values(d) + shift) * scale, (iq1_values(d >> 8u) + shift) * scale,
  );
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

// The 8 elements of a grid index.
fn point(low: u32, high: u32) -> u32 {
  let index = (low & 255u) | ((high & 7u) << 8u);
  return IQ1_GRID[index >> 1u] >> (16u * (index & 1u));
}
