// Matrix × vector over the `used` experts that each row is routed to, LANES threads a weight row. Needs no feature.
// STORE: y[r·used + k, n] = W[expert(r, k), n] · x[r] + bias
// GLU: the same of a gate and an up row, gated; all gates lie above all ups
// ADD: y[r, n] += Σ_k weight(r, k) · (W[expert(r, k), n] · x[r·used + k] + bias)
// W holds some experts: what is routed to others is left alone, and ADD sums over its own.
// W [experts·rows × 32·units] quantised · x [… × 32·units] f32 · routes [batch·used] of (expert, weight as f32 bits)
// bias, up_bias [all experts·rows] f32, not read where BIAS is 0 · y [… × y_stride] f32
// grid: (⌈rows / (THREADS / LANES)⌉, 1, batch·used, for ADD batch)
#pragma once
#include "../lib/batch.h"
#include "../lib/epilogue.h"

namespace expert_matvec {

constexpr u32 THREADS = 64u;

struct Params {
  u32 rows; // of one expert; with GLU of its gate
  u32 units; // columns / 32
  u32 plane;
  u32 used;
  u32 up; // weight rows from a gate row to its up row
  u32 first_expert;
  u32 experts;
  u32 y_stride;
  u32 y_offset;
};

struct Constants {
  u32 EPILOGUE;
  u32 ACTIVATION;
  u32 BIAS;
  u32 LANES; // threads that share a weight row: 1, 8 or 16
};

#define ARGUMENTS                                                                                            \
  Params params, IN(u32) step, IN(u32) weights, IN(vec4f) x, IN(vec2u) routes, IN(f32) bias, IN(f32) up_bias, \
    OUT(f32) y, Constants constants
#define PASSED params, step, weights, x, routes, bias, up_bias, y, constants

FN f32 part_dot(const Params &params, const u32 *weights, const vec4f *x, u32 row, u32 x_row, u32 lane, u32 lanes) {
  array<vec4f, 1> sum = {};
  add_row(sum, weights, x, row, params.units, params.plane, x_row, 1u, lane, lanes);
  return dot(sum[0], vec4f(1.0f));
}

// The sum over a row's lanes, in the first of them; with one lane there is none to wait for.
FN f32 total(f32 *partial_sums, f32 part, u32 local, u32 lanes) {
  if (lanes == 1u) return part;
  partial_sums[local] = part; // nobody else reads what this thread has here of the sum before
  workgroupBarrier();
  for (u32 half = lanes / 2u; half > 0u; half /= 2u) {
    if (local % lanes < half) partial_sums[local] += partial_sums[local + half];
    workgroupBarrier();
  }
  return partial_sums[local];
}

// How many lanes share a row is known at run time alone: three loops over weights in the code object instead of nine.
FN void run(ARGUMENTS) {
  WORKGROUP(f32, partial_sums, THREADS);
  const u32 lanes = constants.LANES;
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 n = group.x * (THREADS / lanes) + local / lanes;
  const u32 read_n = min(n, params.rows - 1u); // threads past the end compute the last row again and store nothing
  const u32 lane = local % lanes;
  const bool biased = constants.BIAS != 0u && lane == 0u; // one lane of a row brings its bias
  f32 v = 0.0f;
  if (constants.EPILOGUE == ADD) {
    for (u32 k = 0u; k < params.used; k++) {
      const u32 at = group.z * params.used + k;
      const u32 expert = routes[at].x - params.first_expert; // of one before the first: beyond the last
      if (expert >= params.experts) continue;
      const f32 part = part_dot(params, weights, x, expert * params.rows + read_n, at, lane, lanes);
      v += bitcast<f32>(routes[at].y) * (part + (biased ? bias[routes[at].x * params.rows + read_n] : 0.0f));
    }
    v = total(partial_sums, v, local, lanes);
  } else {
    const u32 expert = routes[group.z].x - params.first_expert;
    if (expert >= params.experts) return;
    const u32 row = expert * params.rows + read_n;
    const u32 bias_row = routes[group.z].x * params.rows + read_n;
    const u32 token = group.z / params.used;
    const f32 part = part_dot(params, weights, x, row, token, lane, lanes) + (biased ? bias[bias_row] : 0.0f);
    v = total(partial_sums, part, local, lanes);
    if (constants.EPILOGUE == GLU) {
      const f32 up =
        part_dot(params, weights, x, row + params.up, token, lane, lanes) + (biased ? up_bias[bias_row] : 0.0f);
      v = gated(constants.ACTIVATION, v, total(partial_sums, up, local, lanes));
    }
  }
  if (lane != 0u || n >= params.rows) return;
  const u32 to = group.z * params.y_stride + params.y_offset + n;
  y[to] = constants.EPILOGUE == ADD ? y[to] + v : v;
}

KERNEL(expert_matvec, run)

#undef ARGUMENTS
#undef PASSED
} // namespace expert_matvec
