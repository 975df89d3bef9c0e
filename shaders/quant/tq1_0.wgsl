// TQ1_0, re-laid at upload: first a plane of 13 words a block of 256, then a plane of scales, two halves a word. Elements go
// through the ternary digits of 8 words, of 4 and of the last one: first the first digit of each byte, then the second. Digit
// p of a byte is the integer part of 3 · (byte · 3^p mod 256) ÷ 256. Value = scale · (digit - 1).
import package::lib::quant::{ bytes, half_of };
import package::lib::words::{ weights, Eight, eight };

const GROUP_UNITS: u32 = 8u; // five share the first 8 words, three the others

struct Words {
  scale: f32,
  eight: Eight,
  four: vec4u,
  last: u32,
}

fn group_words(unit: u32, plane: u32) -> Words {
  let block_index = unit >> 3u;
  let o = block_index * 13u;
  return Words(
    half_of(weights[plane + (block_index >> 1u)], block_index),
    eight(o),
    vec4u(weights[o + 8u], weights[o + 9u], weights[o + 10u], weights[o + 11u]),
    weights[o + 12u],
  );
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  let j = unit & 7u;
  let late = j >= 5u; // these have the ten digits of the four words: two a unit, and one in the last
  let last = j == 7u; // with the four digits of the last word
  let a = select(words.eight.a, words.four, late);
  let b = select(select(words.eight.b, words.four, late), vec4u(words.last), last);
  let digit = select(j, 2u * j - 10u, late);
  let p = power(digit);
  let next = power(select(digit, digit + 1u, late));
  return array<vec4f, 8>(
    values(a.x, p, words.scale), values(a.y, p, words.scale),
    values(a.z, p, words.scale), values(a.w, p, words.scale),
    values(b.x, select(next, 1u, last), words.scale), values(b.y, select(next, 3u, last), words.scale),
    values(b.z, select(next, 9u, last), words.scale), values(b.w, select(next, 27u, last), words.scale),
  );
}

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant_unit(group_words(unit, plane), unit, plane);
}

// 3^digit, digit at most 4.
fn power(digit: u32) -> u32 {
  return select((0x1b090301u >> (8u * (digit & 3u))) & 255u, 81u, digit == 4u);
}

fn values(word: u32, power_of_digit: u32, scale: f32) -> vec4f {
  let rest = (bytes(word) * power_of_digit) & vec4u(255u);
  return (vec4f((rest * 3u) >> vec4u(8u)) - vec4f(1.0)) * scale;
}
