// First of three steps to the 64 best: the best candidate of each chunk of logits. The 64 best logits lie in the 64 chunks
// whose best ones are the best: the second step finds those chunks, the third the logits in them. No step sorts, and none
// has a barrier.
// logits [outputs × size] f32 bits · best [outputs × ⌈size / chunk⌉] of (key, id)
// grid: (⌈chunks / 64⌉, outputs)
#pragma once
#include "../lib/order.h"

namespace topk_chunks {

constexpr u32 THREADS = 64u;

struct Params {
  u32 size;
  u32 chunk; // logits a chunk
};

#define ARGUMENTS Params params, IN(u32) step, IN(u32) logits, OUT(vec2u) best
#define PASSED params, step, logits, best

FN void run(ARGUMENTS) {
  const u32 number = workgroup_id().x * THREADS + local_invocation_index();
  const u32 output = workgroup_id().y;
  const u32 chunks = (params.size + params.chunk - 1u) / params.chunk;
  if (number >= chunks) return;
  const u32 end = min((number + 1u) * params.chunk, params.size);
  vec2u found = vec2u(0u, 0xffffffffu);
  for (u32 i = number * params.chunk; i < end; i++) {
    const vec2u candidate = vec2u(order_key(logits[output * params.size + i]), i);
    if (before(candidate, found)) found = candidate;
  }
  best[output * chunks + number] = found;
}

KERNEL(topk_chunks, run)

#undef ARGUMENTS
#undef PASSED
} // namespace topk_chunks
