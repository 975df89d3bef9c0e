// The experts of each row: the `used` of the largest logits, best first, weighted by a softmax over themselves. That is also
// what a softmax over all experts gives once the chosen weights are divided by their sum. Ties go to the lowest index.
// logits [rows × experts] f32 bits · routes [rows × used] of (expert, weight as f32 bits)
// grid: (1, rows)
#pragma once
#include "../lib/order.h"

namespace route {

constexpr u32 THREADS = 64u;
constexpr u32 MAX_USED = 64u;

struct Params {
  u32 experts;
  u32 used;
  f32 scale; // of the weights
};

#define ARGUMENTS Params params, IN(u32) step, IN(u32) logits, OUT(vec2u) routes
#define PASSED params, step, logits, routes

FN f32 logit(const u32 *logits, const u32 *chosen, u32 base, u32 rank) {
  return bitcast<f32>(logits[base + chosen[rank]]);
}

FN void run(ARGUMENTS) {
  WORKGROUP(u32, chosen, MAX_USED);
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 base = group.y * params.experts;
  for (u32 i = local; i < params.experts; i += THREADS) {
    const vec2u own = vec2u(order_key(logits[base + i]), i);
    u32 rank = 0u;
    for (u32 j = 0u; j < params.experts; j++) rank += before(vec2u(order_key(logits[base + j]), j), own) ? 1u : 0u;
    if (rank < params.used) chosen[rank] = i;
  }
  workgroupBarrier();
  if (local >= params.used) return;
  const f32 top = logit(logits, chosen, base, 0u);
  f32 sum = 0.0f;
  for (u32 k = 0u; k < params.used; k++) sum += exp(logit(logits, chosen, base, k) - top);
  const f32 weight = params.scale * exp(logit(logits, chosen, base, local) - top) / sum;
  routes[group.y * params.used + local] = vec2u(chosen[local], bitcast<u32>(weight));
}

KERNEL(route, run)

#undef ARGUMENTS
#undef PASSED
} // namespace route
