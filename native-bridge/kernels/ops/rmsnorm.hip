// RMS norm: v[r, k] = scale · x[s, k] · weight[k] / sqrt(mean(x[s]²) + epsilon), s = r or the row of output r; y = v or y = y + v
// x [rows × hidden] f32 · weight [hidden] f32 · y [rows × hidden] f32 · hidden a multiple of 4
// grid: (1, rows or outputs)
#pragma once
#include "../lib/epilogue.h"
#include "../lib/reduce.h"
#include "../lib/step.h"

namespace rmsnorm {

constexpr u32 THREADS = 64u;

struct Params {
  u32 quads; // hidden / 4
  f32 epsilon;
  u32 of_outputs; // 1: row r is output r, read at output_row(r)
  f32 scale;
};

struct Constants {
  u32 EPILOGUE;
};

#define ARGUMENTS Params params, IN(u32) step, IN(vec4f) x, IN(vec4f) weight, OUT(vec4f) y, Constants constants
#define PASSED params, step, x, weight, y, constants

FN void run(ARGUMENTS) {
  WORKGROUP(f32, partial_sums, THREADS);
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  u32 source = group.y;
  if (params.of_outputs == 1u) source = output_row(step, group.y);
  const u32 base = source * params.quads;
  const u32 to = group.y * params.quads;
  f32 squares = 0.0f;
  for (u32 i = local; i < params.quads; i += THREADS) squares += dot(x[base + i], x[base + i]);
  const f32 mean = lane_sum<THREADS>(partial_sums, squares, local) / f32(params.quads * 4u);
  const f32 scale = params.scale / sqrt(mean + params.epsilon);
  for (u32 i = local; i < params.quads; i += THREADS) {
    const vec4f v = x[base + i] * scale * weight[i];
    if (constants.EPILOGUE == ADD) {
      y[to + i] += v;
    } else {
      y[to + i] = v;
    }
  }
}

KERNEL(rmsnorm, run)

#undef ARGUMENTS
#undef PASSED
} // namespace rmsnorm
