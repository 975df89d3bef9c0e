// Layer norm in place: x[r, k] = (x[r, k] − mean(x[r])) / sqrt(variance(x[r]) + epsilon) · weight[k] + bias[k]
// x [rows × hidden] f32 · weight, bias [hidden] f32 · hidden a multiple of 4
// grid: (1, rows)
#pragma once
#include "../lib/reduce.h"

namespace layernorm {

constexpr u32 THREADS = 64u;

struct Params {
  u32 quads; // hidden / 4
  f32 epsilon;
};

#define ARGUMENTS Params params, IN(u32) step, IN(vec4f) weight, IN(vec4f) bias, OUT(vec4f) x
#define PASSED params, step, weight, bias, x

FN void run(ARGUMENTS) {
  WORKGROUP(f32, partial_sums, THREADS);
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 base = group.y * params.quads;
  const f32 hidden = f32(params.quads * 4u);
  f32 values = 0.0f;
  for (u32 i = local; i < params.quads; i += THREADS) values += dot(x[base + i], vec4f(1.0f));
  const f32 mean = lane_sum<THREADS>(partial_sums, values, local) / hidden;
  f32 squares = 0.0f;
  for (u32 i = local; i < params.quads; i += THREADS) {
    const vec4f d = x[base + i] - mean;
    squares += dot(d, d);
  }
  const f32 scale = 1.0f / sqrt(lane_sum<THREADS>(partial_sums, squares, local) / hidden + params.epsilon);
  for (u32 i = local; i < params.quads; i += THREADS) {
    x[base + i] = fma((x[base + i] - mean) * scale, weight[i], bias[i]);
  }
}

KERNEL(layernorm, run)

#undef ARGUMENTS
#undef PASSED
} // namespace layernorm
