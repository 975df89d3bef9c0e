// A matrix's words, eight of them at once: the K formats pack units of 32 bytes of parts.
#pragma once

struct Eight {
  vec4u a;
  vec4u b;
};

// The words from word `o` on.
FN Eight eight(const u32 *weights, u32 o) {
  return {
    vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]),
    vec4u(weights[o + 4u], weights[o + 5u], weights[o + 6u], weights[o + 7u]),
  };
}

FN Eight either(const Eight &first, const Eight &second, bool is_second) {
  return {select(first.a, second.a, is_second), select(first.b, second.b, is_second)};
}

FN Eight shifted(const Eight &words, u32 shift) {
  return {words.a >> vec4u(shift), words.b >> vec4u(shift)};
}
