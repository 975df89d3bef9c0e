// TQ1_0, re-laid at upload: first a plane of 13 words a block of 256, then a plane of scales, two halves a word. Elements go
// through the ternary digits of 8 words, of 4 and of the last one: first the first digit of each byte, then the second. Digit
// p of a byte is the integer part of 3 · (byte · 3^p mod 256) ÷ 256. Value = scale · (digit - 1).
import package::lib::quant::{ bytes, half_of };
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on; `plane` is the word at which the scales begin.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let block_index = unit >> 3u;
  let o = block_index * 13u;
  let scale = half_of(weights[plane + (block_index >> 1u)], block_index);
  let q = (unit & 7u) * 8u;
  return array<vec4f, 8>(
    values(o, q, scale), values(o, q + 1u, scale), values(o, q + 2u, scale), values(o, q + 3u, scale),
    values(o, q + 4u, scale), values(o, q + 5u, scale), values(o, q + 6u, scale), values(o, q + 7u, scale),
  );
}

// Quad `q` of 64: 8 words × 5 digits, 4 words × 5 digits, 1 word × 4 digits.
fn values(o: u32, q: u32, scale: f32) -> vec4f {
  var word = q & 7u;
  var digit = q >> 3u;
  if (q >= 40u) {
    word = 8u + (q & 3u);
    digit = (q - 40u) >> 2u;
  }
  if (q >= 60u) {
    word = 12u;
    digit = q - 60u;
  }
  let power = select((0x1b090301u >> (8u * (digit & 3u))) & 255u, 81u, digit == 4u);
  let rest = (bytes(weights[o + word]) * power) & vec4u(255u);
  return (vec4f((rest * 3u) >> vec4u(8u)) - vec4f(1.0)) * scale;
}
