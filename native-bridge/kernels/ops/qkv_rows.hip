// `matvec_rows` over stacked Q, K and V, a pair of neighbouring rows a thread, that ends in RoPE and the store into q or the
// paged KV cache: what `matvec` and `rope_kv` give one after the other.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32 · kv: one layer's cache ·
// q [batch × heads·head_size] f32
// grid: (⌈pairs of rows / 64⌉, 1, ⌈batch / BATCH⌉)
#pragma once
#include "../lib/batch.h"
#include "../lib/qkv.h"

namespace qkv_rows {

constexpr u32 THREADS = 64u;

#define ARGUMENTS \
  QkvParams params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(u32) kv, IN(vec4f) norm, OUT(vec2f) q, QkvConstants constants
#define PASSED params, step, weights, x, kv, norm, q, constants

// Batches that are wider than CAPACITY are taken piece by piece, as in `matvec_rows`.
template <u32 CAPACITY>
FN void run(ARGUMENTS) {
  const u32 pair = workgroup_id().x * THREADS + local_invocation_index();
  if (pair >= pair_count(params)) return;
  const u32 begin = workgroup_id().z * constants.BATCH;
  const u32 end = begin + batch_rows(step, constants.BATCH, begin, 0u);
  for (u32 first = begin; first < end; first += CAPACITY) {
    const u32 count = min(CAPACITY, end - first);
    array<vec4f, CAPACITY> evens = {};
    add_row(evens, weights, x, 2u * pair, params.units, params.plane, first, count, 0u, 1u);
    array<vec4f, CAPACITY> odds = {};
    add_row(odds, weights, x, 2u * pair + 1u, params.units, params.plane, first, count, 0u, 1u);
#pragma unroll
    for (u32 b = 0u; b < CAPACITY; b++) {
      if (b < count) {
        const vec2f sums = vec2f(dot(evens[b], vec4f(1.0f)), dot(odds[b], vec4f(1.0f)));
        finish(params, constants, step, kv, q, pair, first + b, sums);
      }
    }
  }
}

KERNEL(qkv_rows__1, run<1>)
KERNEL(qkv_rows__4, run<4>)

#undef ARGUMENTS
#undef PASSED
} // namespace qkv_rows
