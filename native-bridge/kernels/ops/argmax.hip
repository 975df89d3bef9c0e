// The best candidate of each slice of 1,024, then of each slice of those, until one is left; it becomes the slot's token.
// First pass: input = logits [outputs × size] f32 bits; later passes: input = candidates [outputs × size] of (key, id).
// output [outputs × ⌈size / 1,024⌉] of (key, id); ties go to the lowest id, a NaN wins with key NAN_KEY.
// grid: (⌈size / 1,024⌉, outputs)
#pragma once
#include "../lib/order.h"
#include "../lib/step.h"

namespace argmax {

constexpr u32 THREADS = 64u;
constexpr u32 SLICE = 1024u;

struct Params {
  u32 size;
  u32 first; // 1: input is logits
  u32 last; // 1: one slice: store the token for the next step
};

#define ARGUMENTS Params params, IN(u32) step, IN(u32) input, OUT(vec2u) output, OUT(u32) sampled
#define PASSED params, step, input, output, sampled

FN vec2u candidate(const Params &params, const u32 *input, u32 row, u32 index) {
  const u32 at = row * params.size + index;
  if (params.first == 1u) return vec2u(order_key(input[at]), index);
  return vec2u(input[at * 2u], input[at * 2u + 1u]);
}

FN void run(ARGUMENTS) {
  WORKGROUP(vec2u, best_of, THREADS);
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  vec2u best = vec2u(0u, 0xffffffffu);
  for (u32 i = local; i < SLICE; i += THREADS) {
    const u32 index = group.x * SLICE + i;
    if (index < params.size) {
      const vec2u c = candidate(params, input, group.y, index);
      if (before(c, best)) best = c;
    }
  }
  best_of[local] = best;
  workgroupBarrier();
  for (u32 half = THREADS / 2u; half > 0u; half /= 2u) {
    if (local < half && before(best_of[local + half], best_of[local])) best_of[local] = best_of[local + half];
    workgroupBarrier();
  }
  if (local == 0u) {
    const u32 slices = (params.size + SLICE - 1u) / SLICE;
    output[group.y * slices + group.x] = best_of[0];
    if (params.last == 1u) sampled[output_slot(step, group.y)] = best_of[0].y;
  }
}

KERNEL(argmax, run)

#undef ARGUMENTS
#undef PASSED
} // namespace argmax
