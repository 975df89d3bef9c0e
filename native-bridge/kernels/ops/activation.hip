// An activation without a gate, in place: x = activate(x)
// x [rows × size] f32
// grid: (⌈size / 64⌉, rows)
#pragma once
#include "../lib/epilogue.h"

namespace activation {

constexpr u32 THREADS = 64u;

struct Params {
  u32 size;
};

struct Constants {
  u32 ACTIVATION;
};

#define ARGUMENTS Params params, IN(u32) step, OUT(f32) x, Constants constants
#define PASSED params, step, x, constants

FN void run(ARGUMENTS) {
  const vec3u group = workgroup_id();
  const u32 k = group.x * THREADS + local_invocation_index();
  if (k >= params.size) return;
  const u32 at = group.y * params.size + k;
  x[at] = activate(constants.ACTIVATION, x[at]);
}

KERNEL(activation, run)

#undef ARGUMENTS
#undef PASSED
} // namespace activation
