// TQ2_0, re-laid at upload: first a plane of 16 words a block of 256 (bit pairs as in Q2_K), then a plane of scales, two
// halves a word. Value = scale · (bit pair - 1).
import package::lib::quant::{ PER_PLACE, PLACES, half_of, in_place };
import package::lib::words::{ weights, Eight, eight, shifted };

const GROUP_UNITS: u32 = 4u; // they share their bytes of bit pairs

struct Words {
  scale: f32,
  pairs: Eight,
}

fn group_words(unit: u32, plane: u32) -> Words {
  let block_index = unit >> 3u;
  return Words(
    half_of(weights[plane + (block_index >> 1u)], block_index), eight(block_index * 16u + 8u * ((unit >> 2u) & 1u)),
  );
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let q = shifted(words.pairs, 2u * (unit & 3u));
  let scale = words.scale * PER_PLACE;
  return array<vec4f, 8>(
    values(q.a.x, scale), values(q.a.y, scale), values(q.a.z, scale), values(q.a.w, scale),
    values(q.b.x, scale), values(q.b.y, scale), values(q.b.z, scale), values(q.b.w, scale),
  );
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

fn values(word: u32, scale: vec4f) -> vec4f {
  return (in_place(word & 0x03030303u) - PLACES) * scale;
}
