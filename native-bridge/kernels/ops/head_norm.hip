// RMS norm in place of neighbouring segments of each row, all with one weight: the heads of Q or K.
// x [rows × stride] f32, segments of `size` from `offset` on · weight [size] f32
// grid: (segments, rows)
#pragma once
#include "../lib/reduce.h"

namespace head_norm {

constexpr u32 THREADS = 64u;

struct Params {
  u32 stride;
  u32 offset;
  u32 size;
  f32 epsilon;
};

#define ARGUMENTS Params params, IN(u32) step, IN(f32) weight, OUT(f32) x
#define PASSED params, step, weight, x

FN void run(ARGUMENTS) {
  WORKGROUP(f32, partial_sums, THREADS);
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 base = group.y * params.stride + params.offset + group.x * params.size;
  f32 squares = 0.0f;
  for (u32 i = local; i < params.size; i += THREADS) squares += x[base + i] * x[base + i];
  const f32 scale = 1.0f / sqrt(lane_sum<THREADS>(partial_sums, squares, local) / f32(params.size) + params.epsilon);
  for (u32 i = local; i < params.size; i += THREADS) x[base + i] *= scale * weight[i];
}

KERNEL(head_norm, run)

#undef ARGUMENTS
#undef PASSED
} // namespace head_norm
