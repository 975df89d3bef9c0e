// Matrix × vector, one weight row a thread: y[r, n] = Σ_k W[n, k] · x[r, k], then the epilogue.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · y [batch × y_stride] f32
// grid: (⌈rows / 64⌉, 1, ⌈batch / BATCH⌉)
#pragma once
#include "../lib/batch.h"
#include "../lib/linear.h"

namespace matvec_rows {

#define ARGUMENTS MatvecParams params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(f32) y, MatvecConstants constants
#define PASSED params, step, weights, x, y, constants

// Batches that are wider than CAPACITY are taken piece by piece: this shape is what others fall back to, and need not be fast for many.
template <u32 CAPACITY>
FN void run(ARGUMENTS) {
  const u32 row = workgroup_id().x * 64u + local_invocation_index();
  if (row >= params.rows) return;
  const u32 begin = workgroup_id().z * constants.BATCH;
  const u32 end = begin + batch_rows(step, constants.BATCH, begin, params.of_outputs);
  for (u32 first = begin; first < end; first += CAPACITY) {
    const u32 count = min(CAPACITY, end - first);
    array<vec4f, CAPACITY> sums = {};
    add_row(sums, weights, x, row, params.units, params.plane, first, count, 0u, 1u);
    array<vec4f, CAPACITY> ups = {};
    if (constants.EPILOGUE == GLU) {
      add_row(ups, weights, x, row + params.rows, params.units, params.plane, first, count, 0u, 1u);
    }
#pragma unroll
    for (u32 b = 0u; b < CAPACITY; b++) {
      if (b < count) {
        finish(
          params, constants, y, dot(sums[b], vec4f(1.0f)), dot(ups[b], vec4f(1.0f)),
          (first + b) * params.y_stride + params.y_offset + row
        );
      }
    }
  }
}

KERNEL(matvec_rows__1, run<1>)
KERNEL(matvec_rows__4, run<4>)

#undef ARGUMENTS
#undef PASSED
} // namespace matvec_rows
