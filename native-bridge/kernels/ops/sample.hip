// The token of each output, drawn from its 64 best as src/sampling draws it: top-k, temperature, top-p, min-p, and of what is left
// the candidate that the output's random number falls on. It becomes the slot's token. Sums run over the ranks in their order,
// as on the CPU: one thread makes them, when all have weighed their candidates.
// best [outputs × 64] of (key, id) as topk leaves them · result [outputs × 1] of (key of the best, id drawn)
// grid: (1, outputs)
#pragma once
#include "../lib/order.h"
#include "../lib/step.h"

namespace sample {

constexpr u32 KEEP = 64u;
constexpr f32 NEGLIGIBLE = 100.0f; // e⁻¹⁰⁰ is 0 in f32

struct Params {
  u32 size; // logits an output
};

#define ARGUMENTS Params params, IN(u32) step, IN(vec2u) best, OUT(vec2u) result, OUT(u32) sampled
#define PASSED params, step, best, result, sampled

// exp((logit − best) / temperature): 1 for whatever equals the best, at ±infinity too; no quotient can overflow.
FN f32 weight(u32 key, u32 best_key, f32 temperature) {
  if (key == best_key) return 1.0f;
  const f32 below = key_logit(best_key) - key_logit(key);
  if (below >= NEGLIGIBLE * temperature) return 0.0f;
  return exp(-below / temperature);
}

// The leading candidates that reach the share top_p, as far as they have min_p times the weight of the best; at least 1.
FN u32 kept_size(const f32 *weights, u32 count, f32 top_p, f32 min_p) {
  f32 total = 0.0f;
  for (u32 i = 0u; i < count; i++) total += weights[i];
  f32 sum = 0.0f;
  for (u32 i = 0u; i < count; i++) {
    if (weights[i] < min_p) return i;
    sum += weights[i];
    if (top_p < 1.0f && sum >= top_p * total) return i + 1u;
  }
  return count;
}

// The rank that `unit` falls on when each of the kept has a share of [0, 1) in proportion to its weight.
FN u32 pick(const f32 *weights, u32 kept, f32 unit) {
  f32 total = 0.0f;
  for (u32 i = 0u; i < kept; i++) total += weights[i];
  f32 sum = 0.0f;
  u32 last = 0u;
  for (u32 i = 0u; i < kept; i++) {
    if (weights[i] == 0.0f) continue;
    sum += weights[i];
    last = i;
    if (sum > unit * total) break;
  }
  return last;
}

FN void run(ARGUMENTS) {
  WORKGROUP(f32, weights, KEEP);
  const u32 output = workgroup_id().y;
  const u32 rank = local_invocation_index();
  const u32 best_key = best[output * KEEP].x;
  weights[rank] = weight(best[output * KEEP + rank].x, best_key, bitcast<f32>(output_draw(step, output, 1u)));
  workgroupBarrier();
  if (rank > 0u) return;
  const u32 count = min(min(output_draw(step, output, 0u), KEEP), params.size);
  const u32 kept = kept_size(
    weights, count, bitcast<f32>(output_draw(step, output, 2u)), bitcast<f32>(output_draw(step, output, 3u))
  );
  const u32 id = best[output * KEEP + pick(weights, kept, bitcast<f32>(output_draw(step, output, 4u)))].y;
  result[output] = vec2u(best_key, id);
  sampled[output_slot(step, output)] = id;
}

KERNEL(sample, run)

#undef ARGUMENTS
#undef PASSED
} // namespace sample
