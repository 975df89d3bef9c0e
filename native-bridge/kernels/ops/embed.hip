// Rows of a table: y[r, k] = scale · W[index(r), k], or that added to y; the index is the row's token, its position, or 0.
// W may be some rows of the table: what asks for others is left alone.
// W [rows × hidden] quantised, its first row the table's first_row · y [rows × hidden] f32
// grid: (⌈hidden / 32 / 64⌉, rows)
#pragma once
#include "../lib/epilogue.h"
#include "../lib/format.h"
#include "../lib/token.h"

namespace embed {

constexpr u32 THREADS = 64u;
constexpr u32 POSITION = 1u;
constexpr u32 ZERO = 2u; // else its token

struct Params {
  u32 units; // hidden / 32
  u32 plane; // word at which the weights' side plane begins
  f32 scale;
  u32 first_row;
  u32 rows;
};

struct Constants {
  u32 EPILOGUE;
  u32 INDEX; // what a row's index is
};

#define ARGUMENTS Params params, IN(u32) step, IN(u32) weights, IN(u32) sampled, OUT(vec4f) y, Constants constants
#define PASSED params, step, weights, sampled, y, constants

FN u32 index_of(const Constants &constants, const u32 *step, const u32 *sampled, u32 row) {
  if (constants.INDEX == ZERO) return 0u;
  if (constants.INDEX == POSITION) return row_position(step, row);
  return token_of(step, sampled, row);
}

FN void run(ARGUMENTS) {
  const vec3u group = workgroup_id();
  const u32 unit = group.x * THREADS + local_invocation_index();
  if (unit >= params.units) return;
  const u32 row = group.y;
  const u32 weight_row = index_of(constants, step, sampled, row) - params.first_row; // of an index before the first: beyond the last
  if (weight_row >= params.rows) return;
  const array<vec4f, 8> w = dequant32(weights, weight_row * params.units + unit, params.plane);
  const u32 o = (row * params.units + unit) * 8u;
  for (u32 i = 0u; i < 8u; i++) {
    const vec4f v = w[i] * params.scale;
    if (constants.EPILOGUE == ADD) {
      y[o + i] += v;
    } else {
      y[o + i] = v;
    }
  }
}

KERNEL(embed, run)

#undef ARGUMENTS
#undef PASSED
} // namespace embed
