// Q4_K: 36 words a block of 256: scale and minimum as halves; 12 bytes of a scale and a minimum for each 32 elements, six
// bits each; 128 bytes of nibbles, element 64c + 32n + l in nibble n of byte 32c + l. Value = scale · nibble - minimum.
import package::lib::bytes::{ ByteUnit, low_nibbles };
import package::lib::quant::{ PER_PLACE, k_scales, nibbles_in_place };
import package::lib::words::{ weights, Eight, eight, either, shifted };

const GROUP_UNITS: u32 = 4u; // two share their bytes of nibbles, every one of the block the scales

struct Words {
  scale_min: vec2f,
  scales: vec3u,
  first: Eight, // nibbles of the first two units
  second: Eight,
}

fn group_words(unit: u32, plane: u32) -> Words {
  let o = (unit >> 3u) * 36u;
  let q = o + 4u + 16u * ((unit >> 2u) & 1u);
  return Words(unpack2x16float(weights[o]), scale_words(o), eight(q), eight(q + 8u));
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  return unit_values(words.scale_min, words.scales, either(words.first, words.second, (unit & 2u) == 2u), unit & 7u);
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = (unit >> 3u) * 36u;
  let j = unit & 7u;
  return unit_values(unpack2x16float(weights[o]), scale_words(o), eight(o + 4u + 8u * (j >> 1u)), j);
}

fn scale_words(o: u32) -> vec3u {
  return vec3u(weights[o + 1u], weights[o + 2u], weights[o + 3u]);
}

// Unit `j` of the block, whose nibbles lie in `both`.
fn unit_values(scale_min: vec2f, scales: vec3u, both: Eight, j: u32) -> array<vec4f, 8> {
  let s = scale_min * k_scales(scales.x, scales.y, scales.z, j);
  let q = shifted(both, 4u * (j & 1u));
  let scale = s.x * PER_PLACE;
  let minimum = vec4f(s.y);
  return array<vec4f, 8>(
    values(q.a.x, scale, minimum), values(q.a.y, scale, minimum),
    values(q.a.z, scale, minimum), values(q.a.w, scale, minimum),
    values(q.b.x, scale, minimum), values(q.b.y, scale, minimum),
    values(q.b.z, scale, minimum), values(q.b.w, scale, minimum),
  );
}

fn values(word: u32, scale: vec4f, minimum: vec4f) -> vec4f {
  return nibbles_in_place(word) * scale - minimum;
}

// The unit as bytes.
fn byte_unit(words: Words, unit: u32, plane: u32) -> ByteUnit {
  let j = unit & 7u;
  let s = words.scale_min * k_scales(words.scales.x, words.scales.y, words.scales.z, j);
  let q = shifted(either(words.first, words.second, (unit & 2u) == 2u), 4u * (j & 1u));
  return ByteUnit(low_nibbles(q.a), low_nibbles(q.b), vec2f(s.x), vec2f(s.y));
}
