// `matvec_rows` over stacked Q, K and V, a pair of neighbouring rows a thread, that ends in RoPE and the store into q or the
// paged KV cache: what `matvec` and `rope_kv` give one after the other.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32, normed where NORM is 1 ·
// kv: one layer's cache · norm [32·units] f32 · q [batch × heads·head_size] f32
// grid: (⌈pairs of rows / 64⌉, 1, ⌈batch / BATCH⌉)
#pragma once
#include "../lib/norm.h"
#include "../lib/qkv.h"

namespace qkv_rows {

constexpr u32 THREADS = 64u;

#define ARGUMENTS \
  QkvParams params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(u32) kv, IN(vec4f) norm, OUT(vec2f) q, QkvConstants constants
#define PASSED params, step, weights, x, kv, norm, q, constants

// A batch is taken row by row, as in `matvec_rows`.
FN void run(ARGUMENTS) {
  const u32 pair = workgroup_id().x * THREADS + local_invocation_index();
  if (pair >= pair_count(params)) return;
  const u32 begin = workgroup_id().z * constants.BATCH;
  const u32 end = begin + batch_rows(step, constants.BATCH, begin, 0u);
  for (u32 r = begin; r < end; r++) {
    array<f32, 1> squares = {};
    array<vec4f, 1> even = {};
    add_normed_row<1, true>(
      even, squares, true, step, weights, x, norm, constants.NORM,
      2u * pair, params.units, params.plane, r, 1u, 0u, 0u, 1u
    );
    array<vec4f, 1> odd = {};
    add_normed_row<1, true>(
      odd, squares, false, step, weights, x, norm, constants.NORM,
      2u * pair + 1u, params.units, params.plane, r, 1u, 0u, 0u, 1u
    );
    const f32 scale = constants.NORM == 1u ? norm_scale(squares[0], params.units, params.epsilon) : 1.0f;
    const vec2f sums = vec2f(dot(even[0], vec4f(1.0f)), dot(odd[0], vec4f(1.0f))) * scale;
    finish(params, constants, step, kv, q, pair, r, sums);
  }
}

KERNEL(qkv_rows, run)

#undef ARGUMENTS
#undef PASSED
} // namespace qkv_rows
