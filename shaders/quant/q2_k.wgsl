// Q2_K: 21 words a block of 256: 16 bytes of scale and minimum nibbles, one of 16 elements each; 64 bytes of bit pairs,
// element 128c + 32s + l in the bits 2s of byte 32c + l; scale and minimum as halves. Value = scale · bit pair - minimum.
import package::lib::bytes::ByteUnit;
import package::lib::quant::{ PER_PLACE, in_place };
import package::lib::words::{ weights, Eight, eight, shifted };

const GROUP_UNITS: u32 = 4u; // they share their bytes of bit pairs

struct Words {
  scales: vec2u, // of the first two units, then of the others
  scale_min: vec2f,
  pairs: Eight,
}

fn group_words(unit: u32, plane: u32) -> Words {
  let o = (unit >> 3u) * 21u;
  let c = (unit >> 2u) & 1u;
  let scales = o + 2u * c;
  return Words(
    vec2u(weights[scales], weights[scales + 1u]), unpack2x16float(weights[o + 20u]), eight(o + 4u + 8u * c),
  );
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let s = unit_scales(words, unit);
  let q = shifted(words.pairs, 2u * (unit & 3u));
  let first = s.x * PER_PLACE;
  let second = s.z * PER_PLACE;
  return array<vec4f, 8>(
    values(q.a.x, first, s.y), values(q.a.y, first, s.y), values(q.a.z, first, s.y), values(q.a.w, first, s.y),
    values(q.b.x, second, s.w), values(q.b.y, second, s.w), values(q.b.z, second, s.w), values(q.b.w, second, s.w),
  );
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

// Scale and minimum of the first 16; of the others.
fn unit_scales(words: Words, unit: u32) -> vec4f {
  let scales = select(words.scales.x, words.scales.y, (unit & 2u) == 2u) >> (16u * (unit & 1u));
  let nibble = vec4u(scales) >> vec4u(0u, 4u, 8u, 12u);
  return vec4f(nibble & vec4u(15u)) * words.scale_min.xyxy;
}

fn values(word: u32, scale: vec4f, minimum: f32) -> vec4f {
  return in_place(word & 0x03030303u) * scale - vec4f(minimum);
}

// The unit as bytes.
fn byte_unit(words: Words, unit: u32, plane: u32) -> ByteUnit {
  let s = unit_scales(words, unit);
  let q = shifted(words.pairs, 2u * (unit & 3u));
  return ByteUnit(q.a & vec4u(0x03030303u), q.b & vec4u(0x03030303u), s.xz, s.yw);
}
