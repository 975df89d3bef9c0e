// `matvec_lanes` over stacked Q, K and V, LANES threads a pair of neighbouring rows, that ends in RoPE and the store into q or
// the paged KV cache: what `matvec` and `rope_kv` give one after the other. Needs no feature.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32, normed where NORM is 1 ·
// kv: one layer's cache · norm [32·units] f32 · q [batch × heads·head_size] f32
// grid: (⌈pairs of rows / (THREADS / LANES)⌉, 1, ⌈batch / BATCH⌉)
#pragma once
#include "../lib/norm.h"
#include "../lib/qkv.h"

namespace qkv_lanes {

constexpr u32 THREADS = 64u;
constexpr u32 LANES = 8u; // threads that share a pair; a power of two

#define ARGUMENTS \
  QkvParams params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(u32) kv, IN(vec4f) norm, OUT(vec2f) q, QkvConstants constants
#define PASSED params, step, weights, x, kv, norm, q, constants

template <u32 CAPACITY>
FN void run(ARGUMENTS) {
  // [sum × thread], that lanes share: of the batch with the even row, with the odd one, of the squares of x
  WORKGROUP(f32, partial_sums, 3u * CAPACITY * THREADS);
  const u32 odds_at = CAPACITY * THREADS;
  const u32 squares_at = 2u * CAPACITY * THREADS;
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 pair = group.x * (THREADS / LANES) + local / LANES;
  const u32 even = 2u * min(pair, pair_count(params) - 1u); // threads past the end compute the last pair again and store nothing
  const u32 lane = local % LANES;
  const u32 first = group.z * constants.BATCH;
  const u32 count = batch_rows(step, constants.BATCH, first, 0u);
#pragma nounroll
  for (u32 odd = 0u; odd < 2u; odd++) {
    array<vec4f, CAPACITY> sums = {};
    array<f32, CAPACITY> squares = {};
    add_normed_row(
      sums, squares, odd == 0u, step, weights, x, norm, constants.NORM,
      even + odd, params.units, params.plane, first, count, 0u, lane, LANES
    );
#pragma unroll
    for (u32 b = 0u; b < CAPACITY; b++) {
      partial_sums[(odd * CAPACITY + b) * THREADS + local] = dot(sums[b], vec4f(1.0f));
      if (odd == 0u) partial_sums[squares_at + b * THREADS + local] = squares[b];
    }
  }
  workgroupBarrier();
  for (u32 half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (u32 i = local; i < 3u * CAPACITY * THREADS; i += THREADS) partial_sums[i] += partial_sums[i + half];
    }
    workgroupBarrier();
  }
  if (pair >= pair_count(params)) return;
  // The lanes share the batch's rows.
  for (u32 b = lane; b < count; b += LANES) {
    const u32 at = b * THREADS + local - lane;
    f32 scale = 1.0f;
    if (constants.NORM == 1u) scale = norm_scale(partial_sums[squares_at + at], params.units, params.epsilon);
    const vec2f sums = vec2f(partial_sums[at], partial_sums[odds_at + at]) * scale;
    finish(params, constants, step, kv, q, pair, first + b, sums);
  }
}

KERNEL(qkv_lanes__1, run<1>)
KERNEL(qkv_lanes__4, run<4>)
KERNEL(qkv_lanes__16, run<16>)

#undef ARGUMENTS
#undef PASSED
} // namespace qkv_lanes
