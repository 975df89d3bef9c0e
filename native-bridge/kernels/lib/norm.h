// An RMS norm within the matvec that reads the normed rows: W · (x ⊙ norm / rms(x)) = (W ⊙ norm) · x / rms(x). The threads that
// share a weight row add up the squares of what they read of x anyway; the sum is divided when it is whole.
#pragma once
#include "batch.h"

// The row of x that row `row` of the batch reads: an output's is the one that it names.
FN u32 source_row(const u32 *step, u32 row, u32 of_outputs) {
  return of_outputs == 1u ? output_row(step, row) : row;
}

FN f32 unit_squares(const vec4f *x, u32 o) {
  f32 sum = dot(x[o], x[o]);
  for (u32 i = 1u; i < 8u; i++) sum += dot(x[o + i], x[o + i]);
  return sum;
}

// `add_row`, which with a norm (`normed` is 1) weighs each weight by it and, where `squared`, adds the squares of x to `squares`. One loop for both: a
// branch that all threads take alike costs less than a second copy of the loop in each kernel. `ALIKE`: all threads read the same of x.
template <u32 CAPACITY, bool ALIKE = false>
FN void add_normed_row(
  array<vec4f, CAPACITY> &sums, array<f32, CAPACITY> &squares, bool squared,
  const u32 *step, const u32 *weights, const vec4f *x, const vec4f *norm, u32 normed,
  u32 row, u32 units, u32 plane, u32 first, u32 count, u32 of_outputs, u32 lane, u32 lanes
) {
  for (u32 g = lane * GROUP_UNITS; g < units; g += lanes * GROUP_UNITS) {
    const Words words = group_words(weights, row * units + g, plane);
    for (u32 u = g; u < g + GROUP_UNITS; u++) {
      array<vec4f, 8> w = dequant_unit(weights, words, row * units + u, plane);
      if (normed == 1u) {
        for (u32 i = 0u; i < 8u; i++) w[i] *= norm[u * 8u + i];
      }
      const u32 there = kept_in_loop(count);
#pragma unroll
      for (u32 b = 0u; b < CAPACITY; b++) {
        if (CAPACITY == 1u || b < there) {
          const u32 source = normed == 1u ? source_row(step, first + b, of_outputs) : first + b;
          const u32 o = (source * units + u) * 8u;
          sums[b] += unit_products(w, x, o);
          if (normed == 1u && squared) squares[b] += unit_squares(x, o);
        }
      }
      if constexpr (ALIKE) in_this_order(); // else the rows of x for several units come into scalar registers at once
    }
  }
}

// 1 / rms of a row whose squares have the sum `squares`.
FN f32 norm_scale(f32 squares, u32 units, f32 epsilon) {
  return inverseSqrt(squares / f32(units * 32u) + epsilon);
}
