// IQ4_XS: 34 words a block of 256: scale as a half, 8 upper bit pairs and 8 lower nibbles of a scale for each 32 elements, and
// for each of them 4 words of nibbles as in IQ4_NL. Value = scale · (six bits - 32) · what the nibble stands for.
import package::lib::bytes::ByteUnit;
import package::lib::quant::{ iq4_bytes, iq4_values, nibbles };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

const GROUP_UNITS: u32 = 2u; // what a block shares, scales, is read once for two

struct Words {
  head: u32, // the half scale and upper bit pairs
  nibbles: u32, // lower ones of the scales
}

fn group_words(unit: u32, plane: u32) -> Words {
  let o = (unit >> 3u) * 34u;
  return Words(weights[o], weights[o + 1u]);
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = (unit >> 3u) * 34u;
  let j = unit & 7u;
  let scale = unit_scale(words, j);
  let q = o + 2u + 4u * j;
  let a = weights[q];
  let b = weights[q + 1u];
  let c = weights[q + 2u];
  let d = weights[q + 3u];
  return array<vec4f, 8>(
    values(a, scale), values(b, scale), values(c, scale), values(d, scale),
    values(a >> 4u, scale), values(b >> 4u, scale), values(c >> 4u, scale), values(d >> 4u, scale),
  );
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

fn unit_scale(words: Words, j: u32) -> f32 {
  let six = ((words.nibbles >> (4u * j)) & 15u) | (((words.head >> (16u + 2u * j)) & 3u) << 4u);
  return unpack2x16float(words.head).x * (f32(six) - 32.0);
}

fn values(word: u32, scale: f32) -> vec4f {
  return iq4_values(nibbles(word)) * scale;
}

// The unit as bytes.
fn byte_unit(words: Words, unit: u32, plane: u32) -> ByteUnit {
  let o = (unit >> 3u) * 34u + 2u + 4u * (unit & 7u);
  let q = vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]);
  return ByteUnit(iq4_bytes(q), iq4_bytes(q >> vec4u(4u)), vec2f(unit_scale(words, unit & 7u)), vec2f(0.0));
}
