// Q6_K, re-laid at upload: first a plane of 52 words a block of 256 (128 bytes of nibbles, element 128c + 64n + m in nibble n
// of byte 64c + m; 64 bytes of upper bit pairs, element 128c + 32s + l in the bits 2s of byte 32c + l; 16 signed bytes of
// scales), then a plane of scales, two halves a word. Value = scale · scale byte · (six bits - 32).
import package::lib::bytes::{ ByteUnit, low_nibbles };
import package::lib::quant::{ PER_PLACE, PLACES, half_of, in_place };
import package::lib::words::{ weights, Eight, eight, either, shifted };

const GROUP_UNITS: u32 = 4u; // they share their bytes of bit pairs, two of them those of nibbles

struct Words {
  scale: f32,
  scales: vec2u, // of the first two units, then of the others
  even: Eight, // nibbles of the even units
  odd: Eight,
  pairs: Eight,
}

fn group_words(unit: u32, plane: u32) -> Words {
  let o = (unit >> 3u) * 52u;
  let c = (unit >> 2u) & 1u;
  let q = o + 16u * c;
  let scales = o + 48u + 2u * c;
  return Words(
    half_scale(unit, plane), vec2u(weights[scales], weights[scales + 1u]), eight(q), eight(q + 8u), eight(o + 32u + 8u * c),
  );
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let scales = select(words.scales.x, words.scales.y, (unit & 2u) == 2u);
  return unit_values(words.scale, scales, either(words.even, words.odd, (unit & 1u) == 1u), words.pairs, unit & 7u);
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = (unit >> 3u) * 52u;
  let j = unit & 7u;
  let q = o + 16u * (j >> 2u) + 8u * (j & 1u);
  return unit_values(half_scale(unit, plane), weights[o + 48u + (j >> 1u)], eight(q), eight(o + 32u + 8u * (j >> 2u)), j);
}

fn half_scale(unit: u32, plane: u32) -> f32 {
  return half_of(weights[plane + (unit >> 4u)], unit >> 3u);
}

// Unit `j` of the block, whose nibbles lie in `both`; `scales`: of two units.
fn unit_values(scale: f32, scales: u32, both: Eight, pairs: Eight, j: u32) -> array<vec4f, 8> {
  let word = scales >> (16u * (j & 1u));
  let s = vec2f(bitcast<vec2i>(vec2u(word) << vec2u(24u, 16u)) >> vec2u(24u)) * scale;
  let q = shifted(both, 4u * ((j >> 1u) & 1u));
  let h = shifted(pairs, 2u * (j & 3u));
  let a = with_pairs(q.a, h.a);
  let b = with_pairs(q.b, h.b);
  let first = s.x * PER_PLACE;
  let second = s.y * PER_PLACE;
  return array<vec4f, 8>(
    values(a.x, first), values(a.y, first), values(a.z, first), values(a.w, first),
    values(b.x, second), values(b.y, second), values(b.z, second), values(b.w, second),
  );
}

fn values(word: u32, scale: vec4f) -> vec4f {
  return (in_place(word) - 32.0 * PLACES) * scale;
}

// The unit as bytes.
fn byte_unit(words: Words, unit: u32, plane: u32) -> ByteUnit {
  let j = unit & 7u;
  let scales = select(words.scales.x, words.scales.y, (unit & 2u) == 2u) >> (16u * (j & 1u));
  let s = vec2f(bitcast<vec2i>(vec2u(scales) << vec2u(24u, 16u)) >> vec2u(24u)) * words.scale;
  let q = shifted(either(words.even, words.odd, (unit & 1u) == 1u), 4u * ((j >> 1u) & 1u));
  let h = shifted(words.pairs, 2u * (j & 3u));
  return ByteUnit(with_pairs(q.a, h.a), with_pairs(q.b, h.b), s, 32.0 * s);
}

fn with_pairs(nibbles: vec4u, pairs: vec4u) -> vec4u {
  return low_nibbles(nibbles) | ((pairs & vec4u(0x03030303u)) << vec4u(4u));
}
