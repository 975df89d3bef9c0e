// Gated linear unit of gate and up beside each other: y[r, y_offset + k] = gated(x[r, k], x[r, size + k])
// x [rows × 2·size] f32 · y [rows × y_stride] f32
// grid: (⌈size / 64⌉, rows)
#pragma once
#include "../lib/epilogue.h"

namespace glu {

constexpr u32 THREADS = 64u;

struct Params {
  u32 size;
  u32 y_stride;
  u32 y_offset;
};

struct Constants {
  u32 ACTIVATION;
};

#define ARGUMENTS Params params, IN(u32) step, IN(f32) x, OUT(f32) y, Constants constants
#define PASSED params, step, x, y, constants

FN void run(ARGUMENTS) {
  const vec3u group = workgroup_id();
  const u32 k = group.x * THREADS + local_invocation_index();
  if (k >= params.size) return;
  const u32 gate = group.y * 2u * params.size + k;
  y[group.y * params.y_stride + params.y_offset + k] = gated(constants.ACTIVATION, x[gate], x[gate + params.size]);
}

KERNEL(glu, run)

#undef ARGUMENTS
#undef PASSED
} // namespace glu
