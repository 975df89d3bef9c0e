// How parts of a softmax join, and where attention leaves them: behind the rows of y, [row][range][query head][quad], a
// head's sums and in one quad more its largest score and its weight.
#pragma once

constexpr u32 MOST_RANGES = 32u;
constexpr f32 LOWEST = -3.0e38f; // finite: exp of a difference with it is 0, never NaN

struct Part {
  vec4f sum; // Σ weight · value, of four dimensions
  f32 top; // the largest score
  f32 weight; // Σ e^(score − top)
};

FN Part nothing() { return {vec4f(), LOWEST, 0.0f}; }

// Said as `fma`, as in WGSL, so that no compiler has a choice: both kernels that join give the same bits.
FN Part joined(const Part &a, const Part &b) {
  const f32 top = max(a.top, b.top);
  const f32 of_a = exp(a.top - top);
  const f32 of_b = exp(b.top - top);
  return {fma(b.sum, vec4f(of_b), a.sum * of_a), top, fma(b.weight, of_b, a.weight * of_a)};
}

// Quads of y from the first one of parts to those of a row's range and head. `range` counts from the first that the row sees.
FN u32 part_address(u32 row, u32 range, u32 head, u32 heads, u32 quads) {
  return ((row * MOST_RANGES + range) * heads + head) * (quads + 1u);
}

// The first position that a row sees, whose last is `length` − 1; with a window of 0 it sees all.
FN u32 seen_from(u32 length, u32 window) { return window > 0u && length > window ? length - window : 0u; }
