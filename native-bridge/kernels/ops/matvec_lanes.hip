// Matrix × vector, LANES threads a weight row: y[r, n] = Σ_k W[n, k] · x[r, k], x normed where NORM is 1, then the
// epilogue. Needs no subgroups.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · norm [32·units] f32 · y [batch × y_stride] f32
// grid: (⌈rows / (THREADS / LANES)⌉, 1, ⌈batch / BATCH⌉)
#pragma once
#include "../lib/linear.h"
#include "../lib/norm.h"

namespace matvec_lanes {

constexpr u32 THREADS = 64u;
constexpr u32 LANES = 8u; // threads that share a weight row; a power of two

#define ARGUMENTS \
  MatvecParams params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(f32) y, IN(vec4f) norm, MatvecConstants constants
#define PASSED params, step, weights, x, y, norm, constants

template <u32 CAPACITY>
FN void run(ARGUMENTS) {
  // [sum × thread], that lanes share: of the batch, of its rows further on, of the squares of x
  WORKGROUP(f32, partial_sums, 3u * CAPACITY * THREADS);
  const bool glu = constants.EPILOGUE == GLU;
  const u32 ups_at = CAPACITY * THREADS;
  const u32 squares_at = 2u * CAPACITY * THREADS;
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 row = group.x * (THREADS / LANES) + local / LANES;
  const u32 read_row = min(row, params.rows - 1u); // threads past the end compute the last row again and store nothing
  const u32 lane = local % LANES;
  const u32 first = group.z * constants.BATCH;
  const u32 count = batch_rows(step, constants.BATCH, first, params.of_outputs);
#pragma nounroll
  for (u32 part = 0u; part < 2u; part++) { // the row, then for GLU the one further on
    array<vec4f, CAPACITY> sums = {};
    array<f32, CAPACITY> squares = {};
    if (part == 0u || glu) {
      add_normed_row(
        sums, squares, part == 0u, step, weights, x, norm, constants.NORM,
        read_row + part * params.rows, params.units, params.plane, first, count, params.of_outputs, lane, LANES
      );
    }
#pragma unroll
    for (u32 b = 0u; b < CAPACITY; b++) {
      partial_sums[(part * CAPACITY + b) * THREADS + local] = dot(sums[b], vec4f(1.0f));
      if (part == 0u) partial_sums[squares_at + b * THREADS + local] = squares[b];
    }
  }
  workgroupBarrier();
  for (u32 half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (u32 i = local; i < 3u * CAPACITY * THREADS; i += THREADS) partial_sums[i] += partial_sums[i + half];
    }
    workgroupBarrier();
  }
  if (row >= params.rows) return;
  // The lanes share the batch's rows.
  for (u32 b = lane; b < count; b += LANES) {
    const u32 at = b * THREADS + local - lane;
    f32 scale = 1.0f;
    if (constants.NORM == 1u) scale = norm_scale(partial_sums[squares_at + at], params.units, params.epsilon);
    finish(
      params, constants, y, partial_sums[at] * scale, partial_sums[ups_at + at] * scale,
      (first + b) * params.y_stride + params.y_offset + row
    );
  }
}

KERNEL(matvec_lanes__1, run<1>)
KERNEL(matvec_lanes__4, run<4>)
KERNEL(matvec_lanes__16, run<16>)

#undef ARGUMENTS
#undef PASSED
} // namespace matvec_lanes
