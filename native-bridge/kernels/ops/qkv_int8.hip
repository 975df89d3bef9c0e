// `matvec_rounded` over stacked Q, K and V, LANES threads a pair of neighbouring rows, that ends in RoPE and the store into q or the
// paged KV cache: what `matvec` and `rope_kv` give one after the other.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32, normed where NORM is 1, then rounded ·
// kv: one layer's cache · norm [32·units] f32 · q [batch × heads·head_size] f32
// grid: (⌈pairs of rows / (THREADS / LANES)⌉, 1, ⌈batch / BATCH⌉)
#pragma once
#include "../lib/int8.h"
#include "../lib/qkv.h"

#ifdef BYTE_UNITS
namespace qkv_int8 {

constexpr u32 THREADS = 64u;

#define ARGUMENTS \
  QkvParams params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(u32) kv, IN(vec4f) norm, OUT(vec2f) q, QkvConstants constants
#define PASSED params, step, weights, x, kv, norm, q, constants

template <u32 CAPACITY>
FN void run(ARGUMENTS) {
  WORKGROUP(vec4u, x_bytes, 2u * CHUNK_UNITS);
  WORKGROUP(vec4f, x_scales, CHUNK_UNITS);
  WORKGROUP(f32, x_squares, CAPACITY);
  WORKGROUP(f32, partial_sums, 2u * CAPACITY * THREADS); // [sum × thread], of the batch with the even row, with the odd one
  const u32 odds_at = CAPACITY * THREADS;
  const u32 lanes = constants.LANES;
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 pair = group.x * (THREADS / lanes) + local / lanes;
  const u32 even = 2u * min(pair, pair_count(params) - 1u); // threads past the end compute the last pair again and store nothing
  const u32 lane = local % lanes;
  const u32 first = group.z * constants.BATCH;
  const u32 count = batch_rows(step, constants.BATCH, first, 0u);
  const Bytes bytes = {
    x_bytes, x_scales, x_squares, CHUNK_UNITS / constants.BATCH, lanes, first, count, 0u, constants.NORM,
  };
  array<f32, CAPACITY> evens = {};
  array<f32, CAPACITY> odds = {};
  for (u32 start = 0u; start < params.units; start += bytes.chunk) {
    take_chunk(bytes, step, x, norm, start, params.units, local);
    add_chunk(evens, bytes, weights, even, params.units, params.plane, start, lane);
    add_chunk(odds, bytes, weights, even + 1u, params.units, params.plane, start, lane);
  }
#pragma unroll
  for (u32 b = 0u; b < CAPACITY; b++) {
    partial_sums[b * THREADS + local] = evens[b];
    partial_sums[odds_at + b * THREADS + local] = odds[b];
  }
  workgroupBarrier();
  for (u32 half = lanes / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (u32 i = local; i < 2u * CAPACITY * THREADS; i += THREADS) partial_sums[i] += partial_sums[i + half];
    }
    workgroupBarrier();
  }
  if (pair >= pair_count(params)) return;
  // The lanes share the batch's rows.
  for (u32 b = lane; b < count; b += lanes) {
    const u32 at = b * THREADS + local - lane;
    f32 scale = 1.0f;
    if (constants.NORM == 1u) scale = norm_scale(x_squares[b], params.units, params.epsilon);
    finish(params, constants, step, kv, q, pair, first + b, vec2f(partial_sums[at], partial_sums[odds_at + at]) * scale);
  }
}

KERNEL(qkv_int8__1, run<1>)
KERNEL(qkv_int8__4, run<4>)
KERNEL(qkv_int8__16, run<16>)

#undef ARGUMENTS
#undef PASSED
} // namespace qkv_int8
#endif
