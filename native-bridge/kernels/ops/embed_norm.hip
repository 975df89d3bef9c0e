// The residual stream's beginning and its first norm: y[r, k] = scale · W[token(r), k], and normed[r, k] = y[r, k] · weight[k] /
// sqrt(mean(y[r]²) + epsilon), as `embed` and `rmsnorm` give them one after the other: the same sums in the same order.
// W [rows × hidden] quantised, the whole table · weight [hidden] f32 · y, normed [rows × hidden] f32
// grid: (1, rows)
#pragma once
#include "../lib/format.h"
#include "../lib/reduce.h"
#include "../lib/token.h"

namespace embed_norm {

constexpr u32 THREADS = 64u;

struct Params {
  u32 units; // hidden / 32
  u32 plane; // word at which the weights' side plane begins
  f32 scale; // of the embedding
  u32 rows;
  f32 epsilon;
};

#define ARGUMENTS \
  Params params, IN(u32) step, IN(u32) weights, IN(u32) sampled, OUT(vec4f) y, IN(vec4f) weight, OUT(vec4f) normed
#define PASSED params, step, weights, sampled, y, weight, normed

FN void run(ARGUMENTS) {
  WORKGROUP(f32, partial_sums, THREADS);
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 quads = params.units * 8u;
  const u32 base = group.y * quads;
  const u32 token = token_of(step, sampled, group.y);
  if (token < params.rows) {
    for (u32 u = local; u < params.units; u += THREADS) {
      const array<vec4f, 8> w = dequant32(weights, token * params.units + u, params.plane);
      for (u32 i = 0u; i < 8u; i++) y[base + u * 8u + i] = w[i] * params.scale;
    }
  }
  workgroupBarrier();
  f32 squares = 0.0f;
  for (u32 i = local; i < quads; i += THREADS) squares += dot(y[base + i], y[base + i]);
  const f32 mean = lane_sum<THREADS>(partial_sums, squares, local) / f32(quads * 4u);
  const f32 scale = 1.0f / sqrt(mean + params.epsilon);
  for (u32 i = local; i < quads; i += THREADS) normed[base + i] = y[base + i] * scale * weight[i];
}

KERNEL(embed_norm, run)

#undef ARGUMENTS
#undef PASSED
} // namespace embed_norm
