// TQ2_0, re-laid at upload: first a plane of 16 words a block of 256 (bit pairs as in Q2_K), then a plane of scales, two
// halves a word. Value = scale · (bit pair - 1).
import package::lib::quant::{ bit_pairs, half_of };
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
  return array<vec4f, 8>(
    values(q.a.x, words.scale), values(q.a.y, words.scale),
    values(q.a.z, words.scale), values(q.a.w, words.scale),
    values(q.b.x, words.scale), values(q.b.y, words.scale),
    values(q.b.z, words.scale), values(q.b.w, words.scale),
  );
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

fn values(word: u32, scale: f32) -> vec4f {
  return (vec4f(bit_pairs(word)) - vec4f(1.0)) * scale;
}
