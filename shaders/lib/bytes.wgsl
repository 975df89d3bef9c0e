// A unit of 32 weights as bytes, for kernels whose activations are bytes too.

// Weight k of the unit is scales[k / 16] · byte k - minimums[k / 16], bytes signed, four a word, the lowest first.
struct ByteUnit {
  first: vec4u, // weights 0 to 15
  second: vec4u,
  scales: vec2f,
  minimums: vec2f,
}

fn low_nibbles(words: vec4u) -> vec4u {
  return words & vec4u(0x0f0f0f0fu);
}

fn high_nibbles(words: vec4u) -> vec4u {
  return low_nibbles(words >> vec4u(4u));
}

// The lowest four bits of `bits` as the fifth bits of four bytes.
fn fifth_bits(bits: vec4u) -> vec4u {
  return ((bits & vec4u(15u)) * vec4u(0x2040810u)) & vec4u(0x10101010u);
}
