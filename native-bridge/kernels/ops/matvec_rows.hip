// Matrix × vector, one weight row a thread: y[r, n] = Σ_k W[n, k] · x[r, k], x normed where NORM is 1, then the epilogue.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · norm [32·units] f32 · y [batch × y_stride] f32
// grid: (⌈rows / 64⌉, 1, ⌈batch / BATCH⌉)
#pragma once
#include "../lib/linear.h"
#include "../lib/norm.h"

namespace matvec_rows {

#define ARGUMENTS \
  MatvecParams params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(f32) y, IN(vec4f) norm, MatvecConstants constants
#define PASSED params, step, weights, x, y, norm, constants

// A batch is taken row by row: this shape is what others fall back to, and need not be fast for many. (The shader has two weight rows a thread, which
// share what they read of x; here all threads have that alike, in scalar registers.)
FN void run(ARGUMENTS) {
  const u32 row = workgroup_id().x * 64u + local_invocation_index();
  if (row >= params.rows) return;
  const u32 begin = workgroup_id().z * constants.BATCH;
  const u32 end = begin + batch_rows(step, constants.BATCH, begin, params.of_outputs);
  for (u32 r = begin; r < end; r++) {
    array<f32, 1> squares = {};
    array<vec4f, 1> sum = {};
    add_normed_row<1, true>(
      sum, squares, true, step, weights, x, norm, constants.NORM,
      row, params.units, params.plane, r, 1u, params.of_outputs, 0u, 1u
    );
    array<vec4f, 1> up = {};
    if (constants.EPILOGUE == GLU) {
      add_normed_row<1, true>(
        up, squares, false, step, weights, x, norm, constants.NORM,
        row + params.rows, params.units, params.plane, r, 1u, params.of_outputs, 0u, 1u
      );
    }
    const f32 scale = constants.NORM == 1u ? norm_scale(squares[0], params.units, params.epsilon) : 1.0f;
    finish(
      params, constants, y, dot(sum[0], vec4f(1.0f)) * scale, dot(up[0], vec4f(1.0f)) * scale,
      r * params.y_stride + params.y_offset + row
    );
  }
}

KERNEL(matvec_rows, run)

#undef ARGUMENTS
#undef PASSED
} // namespace matvec_rows
