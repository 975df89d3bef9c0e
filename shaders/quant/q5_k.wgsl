// Q5_K: 44 words a block of 256: as Q4_K, with 32 bytes of fifth bits before the nibbles: bit j of byte l for element
// 32j + l. Value = scale · five bits - minimum.
import package::lib::bytes::{ ByteUnit, low_nibbles };
import package::lib::quant::{ PER_PLACE, in_place, k_scales };
import package::lib::words::{ weights, Eight, eight, either, shifted };

const GROUP_UNITS: u32 = 4u; // two share their bytes of nibbles, every one of the block the fifth bits and the scales

struct Words {
  scale_min: vec2f,
  scales: vec3u,
  fifth: Eight,
  first: Eight, // nibbles of the first two units
  second: Eight,
}

fn group_words(unit: u32, plane: u32) -> Words {
  let o = (unit >> 3u) * 44u;
  let q = o + 12u + 16u * ((unit >> 2u) & 1u);
  return Words(unpack2x16float(weights[o]), scale_words(o), eight(o + 4u), eight(q), eight(q + 8u));
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let both = either(words.first, words.second, (unit & 2u) == 2u);
  return unit_values(words.scale_min, words.scales, words.fifth, both, unit & 7u);
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = (unit >> 3u) * 44u;
  let j = unit & 7u;
  return unit_values(unpack2x16float(weights[o]), scale_words(o), eight(o + 4u), eight(o + 12u + 8u * (j >> 1u)), j);
}

fn scale_words(o: u32) -> vec3u {
  return vec3u(weights[o + 1u], weights[o + 2u], weights[o + 3u]);
}

// Unit `j` of the block, whose nibbles lie in `both`.
fn unit_values(scale_min: vec2f, scales: vec3u, fifth: Eight, both: Eight, j: u32) -> array<vec4f, 8> {
  let s = scale_min * k_scales(scales.x, scales.y, scales.z, j);
  let q = shifted(both, 4u * (j & 1u));
  let h = shifted(fifth, j);
  let a = with_fifth(q.a, h.a);
  let b = with_fifth(q.b, h.b);
  let scale = s.x * PER_PLACE;
  let minimum = vec4f(s.y);
  return array<vec4f, 8>(
    in_place(a.x) * scale - minimum, in_place(a.y) * scale - minimum,
    in_place(a.z) * scale - minimum, in_place(a.w) * scale - minimum,
    in_place(b.x) * scale - minimum, in_place(b.y) * scale - minimum,
    in_place(b.z) * scale - minimum, in_place(b.w) * scale - minimum,
  );
}

// The unit as bytes.
fn byte_unit(words: Words, unit: u32, plane: u32) -> ByteUnit {
  let j = unit & 7u;
  let s = words.scale_min * k_scales(words.scales.x, words.scales.y, words.scales.z, j);
  let q = shifted(either(words.first, words.second, (unit & 2u) == 2u), 4u * (j & 1u));
  let h = shifted(words.fifth, j);
  return ByteUnit(with_fifth(q.a, h.a), with_fifth(q.b, h.b), vec2f(s.x), vec2f(s.y));
}

fn with_fifth(nibbles: vec4u, fifth: vec4u) -> vec4u {
  return low_nibbles(nibbles) | ((fifth & vec4u(0x01010101u)) << vec4u(4u));
}
