// A unit of 32 weights as bytes, for kernels whose activations are bytes too.
#pragma once
#define BYTE_UNITS

// Weight k of the unit is scales[k / 16] · byte k - minimums[k / 16], bytes signed, four a word, the lowest first.
struct ByteUnit {
  vec4u first; // weights 0 to 15
  vec4u second;
  vec2f scales;
  vec2f minimums;
};

FN vec4u low_nibbles(vec4u words) {
  return words & vec4u(0x0f0f0f0fu);
}

FN vec4u high_nibbles(vec4u words) {
  return low_nibbles(words >> vec4u(4u));
}

// The lowest four bits of `bits` as the fifth bits of four bytes.
FN vec4u fifth_bits(vec4u bits) {
  return (((bits & vec4u(15u)) * vec4u(0x204081u)) & vec4u(0x01010101u)) << vec4u(4u);
}
