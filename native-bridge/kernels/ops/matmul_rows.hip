// Matrix × matrix for prompts, 4 weight rows × 8 tokens a thread, no barrier: y[t, n] = Σ_k W[n, k] · x[t, k], then the
// epilogue. Weights are read once per 8 tokens. Best on software adapters, which want constant indices and no loops
// over private arrays.
// W [rows × 32·units] quantised · x [tokens × 32·units] f32 · y [tokens × y_stride] f32
// grid: (⌈tokens / 8⌉, ⌈rows / 4 / 64⌉, 1)
#pragma once
#include "../lib/epilogue.h"
#include "../lib/format.h"
#include "../lib/step.h"

namespace matmul_rows {

constexpr u32 THREADS = 64u;
constexpr u32 R = 4u; // weight rows a thread
constexpr u32 T = 8u; // tokens a thread

struct Params {
  u32 rows;
  u32 units; // columns / 32
  u32 plane;
  u32 y_stride;
  u32 y_offset;
  f32 scale; // of what is stored or added
};

struct Constants {
  u32 EPILOGUE;
};

#define ARGUMENTS Params params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(f32) y, Constants constants
#define PASSED params, step, weights, x, y, constants

FN void run(ARGUMENTS) {
  const u32 row = (workgroup_id().y * THREADS + local_invocation_index()) * R;
  if (row >= params.rows) return;
  const u32 token = workgroup_id().x * T;
  const u32 tokens = row_count(step);
  array<array<f32, R>, T> sums = {}; // [token][row]
  for (u32 u = 0u; u < params.units; u++) {
    array<array<vec4f, 8>, R> w;
#pragma unroll
    for (u32 r = 0u; r < R; r++) {
      w[r] = dequant32(weights, min(row + r, params.rows - 1u) * params.units + u, params.plane);
    }
#pragma unroll
    for (u32 t = 0u; t < T; t++) {
      const u32 o = (min(token + t, tokens - 1u) * params.units + u) * 8u; // what lies past the last token is never stored
#pragma unroll
      for (u32 i = 0u; i < 8u; i++) {
        const vec4f v = x[o + i];
#pragma unroll
        for (u32 r = 0u; r < R; r++) sums[t][r] += dot(w[r][i], v);
      }
      in_this_order();
    }
  }
#pragma unroll
  for (u32 t = 0u; t < T; t++) {
#pragma unroll
    for (u32 r = 0u; r < R; r++) {
      if (token + t < tokens && row + r < params.rows) {
        const u32 to = (token + t) * params.y_stride + params.y_offset + row + r;
        const f32 v = sums[t][r] * params.scale;
        y[to] = constants.EPILOGUE == ADD ? y[to] + v : v;
      }
    }
  }
}

KERNEL(matmul_rows, run)

#undef ARGUMENTS
#undef PASSED
} // namespace matmul_rows
