// Soft cap in place: x = cap · tanh(x / cap)
// x [outputs × size] f32
// grid: (⌈size / 64⌉, outputs)
#pragma once

namespace softcap {

constexpr u32 THREADS = 64u;

struct Params {
  u32 size;
  f32 cap;
};

#define ARGUMENTS Params params, IN(u32) step, OUT(f32) x
#define PASSED params, step, x

FN void run(ARGUMENTS) {
  const vec3u group = workgroup_id();
  const u32 k = group.x * THREADS + local_invocation_index();
  if (k >= params.size) return;
  const u32 at = group.y * params.size + k;
  const f32 v = x[at];
  x[at] = is_nan(v) ? v : params.cap * tanh(clamp(v / params.cap, -15.0f, 15.0f));
}

KERNEL(softcap, run)

#undef ARGUMENTS
#undef PASSED
} // namespace softcap
