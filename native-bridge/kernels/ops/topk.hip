// Third of three steps to the 64 best: the 64 best logits of the winning chunks, best first. A logit's place is the number
// of logits before it, which its thread counts until it is out.
// logits [outputs × size] f32 bits · winners [outputs × 64] chunk numbers · result [outputs × 64] of (key, id); ties go to the
// lowest id; missing candidates have key 0 and id 2³² − 1
// grid: (⌈64 · chunk / 64⌉, outputs)
#pragma once
#include "../lib/order.h"

namespace topk {

constexpr u32 THREADS = 64u;
constexpr u32 KEEP = 64u;
constexpr u32 NO_ID = 0xffffffffu;

struct Params {
  u32 size;
  u32 chunk; // logits a chunk
};

#define ARGUMENTS Params params, IN(u32) step, IN(u32) logits, IN(u32) winners, OUT(vec2u) result
#define PASSED params, step, logits, winners, result

// Candidate `index` of the winning chunks; of key 0 and NO_ID past the end of the last chunk.
FN vec2u candidate(const Params &params, const u32 *logits, const u32 *winners, u32 output, u32 index) {
  const u32 id = winners[output * KEEP + index / params.chunk] * params.chunk + index % params.chunk;
  if (id >= params.size) return vec2u(0u, NO_ID);
  return vec2u(order_key(logits[output * params.size + id]), id);
}

FN void run(ARGUMENTS) {
  const u32 index = workgroup_id().x * THREADS + local_invocation_index();
  const u32 output = workgroup_id().y;
  if (index >= params.size && index < KEEP) result[output * KEEP + index] = vec2u(0u, NO_ID);
  const u32 chunks = (params.size + params.chunk - 1u) / params.chunk;
  const u32 count = min(KEEP, chunks) * params.chunk;
  if (index >= count) return;
  const vec2u own = candidate(params, logits, winners, output, index);
  if (own.y == NO_ID) return;
  u32 place = 0u;
  for (u32 i = 0u; i < count && place < KEEP; i++) {
    if (before(candidate(params, logits, winners, output, i), own)) place++;
  }
  if (place < KEEP) result[output * KEEP + place] = own;
}

KERNEL(topk, run)

#undef ARGUMENTS
#undef PASSED
} // namespace topk
