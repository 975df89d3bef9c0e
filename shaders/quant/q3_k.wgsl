// Q3_K, re-laid at upload: first a plane of 27 words a block of 256 (32 bytes of third bits, bit j of byte l for element
// 32j + l; 64 bytes of bit pairs as in Q2_K; 12 bytes of scales, six bits each), then a plane of scales, two halves a word.
// Value = scale · (six bits - 32) · (three bits - 4).
import package::lib::bytes::ByteUnit;
import package::lib::quant::{ PER_PLACE, PLACES, half_of, in_place };
import package::lib::words::{ weights, Eight, eight, either, shifted };

const GROUP_UNITS: u32 = 8u; // they share their bytes of third bits, halves of them those of bit pairs

struct Words {
  scale: f32,
  scales: vec3u,
  third: Eight,
  first: Eight, // bit pairs of units 0 to 3
  second: Eight,
}

fn group_words(unit: u32, plane: u32) -> Words {
  let o = (unit >> 3u) * 27u;
  return Words(half_scale(unit, plane), scale_words(o), eight(o), eight(o + 8u), eight(o + 16u));
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  return unit_values(words.scale, words.scales, words.third, either(words.first, words.second, (unit & 4u) == 4u), unit & 7u);
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = (unit >> 3u) * 27u;
  let j = unit & 7u;
  return unit_values(half_scale(unit, plane), scale_words(o), eight(o), eight(o + 8u + 8u * (j >> 2u)), j);
}

fn half_scale(unit: u32, plane: u32) -> f32 {
  return half_of(weights[plane + (unit >> 4u)], unit >> 3u);
}

fn scale_words(o: u32) -> vec3u {
  return vec3u(weights[o + 24u], weights[o + 25u], weights[o + 26u]);
}

// Unit `j` of the block, whose bit pairs lie in `pairs`.
fn unit_values(scale: f32, scales: vec3u, third: Eight, pairs: Eight, j: u32) -> array<vec4f, 8> {
  let s = unit_scales(scale, scales, j);
  let q = shifted(pairs, 2u * (j & 3u));
  let h = shifted(third, j);
  let a = three_bits(q.a, h.a);
  let b = three_bits(q.b, h.b);
  let first = s.x * PER_PLACE;
  let second = s.y * PER_PLACE;
  return array<vec4f, 8>(
    values(a.x, first), values(a.y, first), values(a.z, first), values(a.w, first),
    values(b.x, second), values(b.y, second), values(b.z, second), values(b.w, second),
  );
}

// Of either half.
fn unit_scales(scale: f32, scales: vec3u, j: u32) -> vec2f {
  let low = select(scales.x, scales.y, (j & 2u) == 2u) >> (16u * (j & 1u) + 4u * (j >> 2u));
  let high = scales.z >> (16u * (j & 1u) + 2u * (j >> 1u));
  let six = (vec2u(low, low >> 8u) & vec2u(15u)) | ((vec2u(high, high >> 8u) & vec2u(3u)) << vec2u(4u));
  return (vec2f(six) - vec2f(32.0)) * scale;
}

fn values(word: u32, scale: vec4f) -> vec4f {
  return (in_place(word) - 4.0 * PLACES) * scale;
}

// The unit as bytes.
fn byte_unit(words: Words, unit: u32, plane: u32) -> ByteUnit {
  let j = unit & 7u;
  let s = unit_scales(words.scale, words.scales, j);
  let q = shifted(either(words.first, words.second, (unit & 4u) == 4u), 2u * (j & 3u));
  let h = shifted(words.third, j);
  return ByteUnit(three_bits(q.a, h.a), three_bits(q.b, h.b), s, 4.0 * s);
}

fn three_bits(pairs: vec4u, third: vec4u) -> vec4u {
  return (pairs & vec4u(0x03030303u)) | ((third & vec4u(0x01010101u)) << vec4u(2u));
}
