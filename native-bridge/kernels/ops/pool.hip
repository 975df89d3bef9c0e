// One vector of all rows of the step, which are one sequence: y[k] = mean of x[r, k] over the rows, the first or the last alone
// x [rows × hidden] f32 · y [1 × hidden] f32
// grid: (⌈hidden / 64⌉, 1)
#pragma once
#include "../lib/step.h"

namespace pool {

constexpr u32 THREADS = 64u;
constexpr u32 FIRST = 1u;
constexpr u32 LAST = 2u; // else all

struct Params {
  u32 hidden;
};

struct Constants {
  u32 POOLING; // which rows
};

#define ARGUMENTS Params params, IN(u32) step, IN(f32) x, OUT(f32) y, Constants constants
#define PASSED params, step, x, y, constants

FN void run(ARGUMENTS) {
  const u32 k = workgroup_id().x * THREADS + local_invocation_index();
  if (k >= params.hidden) return;
  const u32 from_row = constants.POOLING == LAST ? row_count(step) - 1u : 0u;
  const u32 to_row = constants.POOLING == FIRST ? 1u : row_count(step);
  f32 sum = 0.0f;
  for (u32 row = from_row; row < to_row; row++) sum += x[row * params.hidden + k];
  y[k] = sum / f32(to_row - from_row);
}

KERNEL(pool, run)

#undef ARGUMENTS
#undef PASSED
} // namespace pool
