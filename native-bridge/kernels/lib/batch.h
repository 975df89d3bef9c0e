// The rows of a step share one reading of the weights: a thread keeps a sum for each of up to CAPACITY rows. A row's sum is made
// of the same terms in the same order whatever CAPACITY and the batch's width are, so that its bits do not depend on who runs beside it.
#pragma once
#include "format.h"
#include "step.h"

// Rows from `first` on that are there, of `width` at most; 1 where a row is alone.
FN u32 batch_rows(const u32 *step, u32 width, u32 first, u32 of_outputs) {
  if (width == 1u) return 1u;
  return min(width, (of_outputs == 1u ? output_count(step) : row_count(step)) - first);
}

FN vec4f unit_products(const array<vec4f, 8> &w, const vec4f *x, u32 o) {
  vec4f sum = w[0] * x[o];
  for (u32 i = 1u; i < 8u; i++) sum = fma(w[i], x[o + i], sum);
  return sum;
}

// Adds the products of a unit of weights with each row's unit of x; the first row's begins at quad `o`.
template <u32 CAPACITY>
FN void add_unit(array<vec4f, CAPACITY> &sums, const array<vec4f, 8> &w, const vec4f *x, u32 o, u32 row_quads, u32 count) {
  const u32 there = kept_in_loop(count);
#pragma unroll
  for (u32 b = 0u; b < CAPACITY; b++) {
    if (CAPACITY == 1u || b < there) sums[b] += unit_products(w, x, o + b * row_quads);
  }
}

// Adds the products of weight row `row`, of `units` units, with `count` rows of x from row `first` on: of every `lanes`-th
// group of units from group `lane` on. What a group shares is read once.
template <u32 CAPACITY>
FN void add_row(
  array<vec4f, CAPACITY> &sums, const u32 *weights, const vec4f *x,
  u32 row, u32 units, u32 plane, u32 first, u32 count, u32 lane, u32 lanes
) {
  const u32 row_quads = units * 8u;
  for (u32 g = lane * GROUP_UNITS; g < units; g += lanes * GROUP_UNITS) {
    const Words words = group_words(weights, row * units + g, plane);
    for (u32 u = g; u < g + GROUP_UNITS; u++) {
      add_unit(sums, dequant_unit(weights, words, row * units + u, plane), x, first * row_quads + u * 8u, row_quads, count);
      in_this_order(); // else the rows of x for several units come into scalar registers at once
    }
  }
}
