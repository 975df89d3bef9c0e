// Matrix × vector, one weight row a workgroup, summed by subgroups: y[r, n] = Σ_k W[n, k] · x[r, k], x normed where NORM
// is 1, then the epilogue.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · norm [32·units] f32 · y [batch × y_stride] f32
// grid: (columns of ≤ 65,535 workgroups, as many as it takes, ⌈batch / BATCH⌉)
#pragma once
#include "../lib/linear.h"
#include "../lib/norm.h"

namespace matvec_subgroup {

constexpr u32 THREADS = 64u;
constexpr u32 SUBGROUPS = 2u; // at most: a subgroup has at least 32 threads

struct Constants : MatvecConstants {
  u32 GRID_X; // workgroups in x
};

#define ARGUMENTS \
  MatvecParams params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(f32) y, IN(vec4f) norm, Constants constants
#define PASSED params, step, weights, x, y, norm, constants

template <u32 CAPACITY>
FN void run(ARGUMENTS) {
  // [sum × subgroup], of the batch, of its rows further on, of the squares of x
  WORKGROUP(f32, partial_sums, 3u * CAPACITY * SUBGROUPS);
  const bool glu = constants.EPILOGUE == GLU;
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 lane = subgroup_invocation_id();
  const u32 subgroup = local / subgroup_size();
  const u32 row = group.y * constants.GRID_X + group.x;
  if (row >= params.rows) return;
  const u32 first = group.z * constants.BATCH;
  const u32 count = batch_rows(step, constants.BATCH, first, params.of_outputs);
#pragma nounroll
  for (u32 part = 0u; part < (glu ? 2u : 1u); part++) { // the row, then for GLU the one further on
    array<vec4f, CAPACITY> sums = {};
    array<f32, CAPACITY> squares = {};
    add_normed_row(
      sums, squares, part == 0u, step, weights, x, norm, constants.NORM,
      row + part * params.rows, params.units, params.plane, first, count, params.of_outputs, local, THREADS
    );
#pragma unroll
    for (u32 b = 0u; b < CAPACITY; b++) {
      const f32 own = subgroupAdd(dot(sums[b], vec4f(1.0f)));
      const f32 own_squares = subgroupAdd(squares[b]);
      if (lane == 0u) {
        partial_sums[(part * CAPACITY + b) * SUBGROUPS + subgroup] = own;
        if (part == 0u) partial_sums[(2u * CAPACITY + b) * SUBGROUPS + subgroup] = own_squares;
      }
    }
  }
  workgroupBarrier();
  if (local >= count) return;
  // Sum `i` over the workgroup.
  const auto total = [&](u32 i) {
    f32 sum = 0.0f;
    for (u32 s = 0u; s < THREADS / subgroup_size(); s++) sum += partial_sums[i * SUBGROUPS + s];
    return sum;
  };
  const f32 up = glu ? total(CAPACITY + local) : 0.0f;
  f32 scale = 1.0f;
  if (constants.NORM == 1u) scale = norm_scale(total(2u * CAPACITY + local), params.units, params.epsilon);
  finish(
    params, constants, y, total(local) * scale, up * scale, (first + local) * params.y_stride + params.y_offset + row
  );
}

KERNEL(matvec_subgroup__1, run<1>)
KERNEL(matvec_subgroup__4, run<4>)
KERNEL(matvec_subgroup__16, run<16>)

#undef ARGUMENTS
#undef PASSED
} // namespace matvec_subgroup
