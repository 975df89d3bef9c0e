// Adds one bias to every row: x[r, offset + k] += bias[k]
// x [rows × stride] f32 · bias [size] f32
// grid: (⌈size / 64⌉, rows)
#pragma once

namespace add_bias {

constexpr u32 THREADS = 64u;

struct Params {
  u32 size;
  u32 stride;
  u32 offset;
};

#define ARGUMENTS Params params, IN(u32) step, IN(f32) bias, OUT(f32) x
#define PASSED params, step, bias, x

FN void run(ARGUMENTS) {
  const vec3u group = workgroup_id();
  const u32 k = group.x * THREADS + local_invocation_index();
  if (k >= params.size) return;
  x[group.y * params.stride + params.offset + k] += bias[k];
}

KERNEL(add_bias, run)

#undef ARGUMENTS
#undef PASSED
} // namespace add_bias
