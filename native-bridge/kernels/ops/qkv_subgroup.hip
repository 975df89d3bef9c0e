// `matvec_subgroup` over stacked Q, K and V, a workgroup a pair of neighbouring rows, that ends in RoPE and the store into q or
// the paged KV cache: what `matvec` and `rope_kv` give one after the other.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32, normed where NORM is 1 ·
// kv: one layer's cache · norm [32·units] f32 · q [batch × heads·head_size] f32
// grid: (columns of ≤ 65,535 workgroups, as many as it takes, ⌈batch / BATCH⌉)
#pragma once
#include "../lib/norm.h"
#include "../lib/qkv.h"

namespace qkv_subgroup {

constexpr u32 THREADS = 64u;
constexpr u32 SUBGROUPS = 2u; // at most: a subgroup has at least 32 threads

#define ARGUMENTS \
  QkvParams params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(u32) kv, IN(vec4f) norm, OUT(vec2f) q, QkvConstants constants
#define PASSED params, step, weights, x, kv, norm, q, constants

template <u32 CAPACITY>
FN void run(ARGUMENTS) {
  // [sum × subgroup], of the batch with the even row, with the odd one, of the squares of x
  WORKGROUP(f32, partial_sums, 3u * CAPACITY * SUBGROUPS);
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 lane = subgroup_invocation_id();
  const u32 subgroup = local / subgroup_size();
  const u32 pair = group.y * constants.GRID_X + group.x;
  if (pair >= pair_count(params)) return;
  const u32 first = group.z * constants.BATCH;
  const u32 count = batch_rows(step, constants.BATCH, first, 0u);
#pragma nounroll
  for (u32 odd = 0u; odd < 2u; odd++) {
    array<vec4f, CAPACITY> sums = {};
    array<f32, CAPACITY> squares = {};
    add_normed_row(
      sums, squares, odd == 0u, step, weights, x, norm, constants.NORM,
      2u * pair + odd, params.units, params.plane, first, count, 0u, local, THREADS
    );
#pragma unroll
    for (u32 b = 0u; b < CAPACITY; b++) {
      const f32 own = subgroupAdd(dot(sums[b], vec4f(1.0f)));
      const f32 own_squares = subgroupAdd(squares[b]);
      if (lane == 0u) {
        partial_sums[(odd * CAPACITY + b) * SUBGROUPS + subgroup] = own;
        if (odd == 0u) partial_sums[(2u * CAPACITY + b) * SUBGROUPS + subgroup] = own_squares;
      }
    }
  }
  workgroupBarrier();
  if (local >= count) return;
  // Sum `i` over the workgroup.
  const auto total = [&](u32 i) {
    f32 sum = 0.0f;
    for (u32 s = 0u; s < THREADS / subgroup_size(); s++) sum += partial_sums[i * SUBGROUPS + s];
    return sum;
  };
  f32 scale = 1.0f;
  if (constants.NORM == 1u) scale = norm_scale(total(2u * CAPACITY + local), params.units, params.epsilon);
  const vec2f sums = vec2f(total(local), total(CAPACITY + local)) * scale;
  finish(params, constants, step, kv, q, pair, first + local, sums);
}

KERNEL(qkv_subgroup__1, run<1>)
KERNEL(qkv_subgroup__4, run<4>)
KERNEL(qkv_subgroup__16, run<16>)

#undef ARGUMENTS
#undef PASSED
} // namespace qkv_subgroup
