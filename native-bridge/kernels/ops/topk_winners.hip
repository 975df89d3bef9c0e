// Second of three steps to the 64 best: the 64 chunks with the best best candidates, best first. A chunk's place is the
// number of chunks before it, which its thread counts.
// best [outputs × ⌈size / chunk⌉] of (key, id) · winners [outputs × 64] chunk numbers
// grid: (⌈chunks / 64⌉, outputs)
#pragma once
#include "../lib/order.h"

namespace topk_winners {

constexpr u32 THREADS = 64u;
constexpr u32 KEEP = 64u;

struct Params {
  u32 size;
  u32 chunk; // logits a chunk
};

#define ARGUMENTS Params params, IN(u32) step, IN(vec2u) best, OUT(u32) winners
#define PASSED params, step, best, winners

FN void run(ARGUMENTS) {
  const u32 number = workgroup_id().x * THREADS + local_invocation_index();
  const u32 output = workgroup_id().y;
  const u32 chunks = (params.size + params.chunk - 1u) / params.chunk;
  if (number >= chunks) return;
  const vec2u own = best[output * chunks + number];
  u32 place = 0u;
  for (u32 i = 0u; i < chunks && place < KEEP; i++) {
    if (before(best[output * chunks + i], own)) place++;
  }
  if (place < KEEP) winners[output * KEEP + place] = number;
}

KERNEL(topk_winners, run)

#undef ARGUMENTS
#undef PASSED
} // namespace topk_winners
