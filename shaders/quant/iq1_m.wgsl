// IQ1_M: 14 words a block of 256: for each 8 elements a byte of grid index; for each 8 a nibble of three upper index bits and
// the sign of the shift; four u16 of the scales of four times 16 elements, three bits each, and four bits of the half scale.
// Value = scale · (2 · scale bits + 1) · (grid ± ⅛).
import package::lib::iq_grids::IQ1_GRID;
import package::lib::quant::iq1_values;
@group(0) @binding(2) var<storage, read> weights: array<u32>;

const GROUP_UNITS: u32 = 4u; // they share a word of scales, and every one of the block the half scale

struct Words {
  scale: f32,
  scales: u32,
  high: vec2u, // of the first two units, then of the others
}

fn group_words(unit: u32, plane: u32) -> Words {
  let o = (unit >> 3u) * 14u;
  let late = unit & 4u; // the first unit of the block's group
  let first = weights[o + 12u];
  let second = weights[o + 13u];
  let half_bits = ((first >> 12u) & 0xfu) | ((first >> 24u) & 0xf0u) | ((second >> 4u) & 0xf00u) | ((second >> 16u) & 0xf000u);
  let high = o + 8u + (late >> 1u);
  return Words(unpack2x16float(half_bits).x, select(first, second, late == 4u), vec2u(weights[high], weights[high + 1u]));
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let scales = words.scales >> (16u * ((unit >> 1u) & 1u) + 6u * (unit & 1u));
  let s = words.scale * vec2f(((vec2u(scales, scales >> 3u) & vec2u(7u)) << vec2u(1u)) | vec2u(1u));
  let indices = weights[(unit >> 3u) * 14u + (unit & 7u)];
  let high = select(words.high.x, words.high.y, (unit & 2u) == 2u) >> (16u * (unit & 1u));
  let a = point(indices, high);
  let b = point(indices >> 8u, high >> 4u);
  let c = point(indices >> 16u, high >> 8u);
  let d = point(indices >> 24u, high >> 12u);
  let shift = select(vec4f(0.125), vec4f(-0.125), (vec4u(high) & vec4u(0x8u, 0x80u, 0x800u, 0x8000u)) != vec4u(0u));
  return array<vec4f, 8>(
    (iq1_values(a) + shift.x) * s.x, (iq1_values(a >> 8u) + shift.x) * s.x,
    (iq1_values(b) + shift.y) * s.x, (iq1_values(b >> 8u) + shift.y) * s.x,
    (iq1_values(c) + shift.z) * s.y, (iq1_values(c >> 8u) + shift.z) * s.y,
    (iq1_values(d) + shift.w) * s.y, (iq1_values(d >> 8u) + shift.w) * s.y,
  );
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

// The 8 elements of a grid index.
fn point(low: u32, high: u32) -> u32 {
  let index = (low & 255u) | ((high & 7u) << 8u);
  return IQ1_GRID[index >> 1u] >> (16u * (index & 1u));
}
