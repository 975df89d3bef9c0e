// Attention over the paged KV cache: causal, whole or through a sliding window, or of all rows of the step to each other; one workgroup a (row, KV head), shared by the query heads of that KV head.
// Positions are taken in ranges of RANGE, and a range in tiles of THREADS with a running softmax: no score matrix is stored.
// Ranges join in their order, so that the order of a row's sums depends on its position alone, never on the batch, the chunk or the grid.
// With more than one workgroup a (row, KV head) each takes one range and leaves its sums behind the rows of y, for
// `attention_merge` (Dao et al. 2023, "Flash-Decoding for long-context inference"): few rows alone are no work for a large GPU.
// q [rows × KV_HEADS·GROUP·HEAD_SIZE] f32 · kv: one layer's cache · y as q · sinks [KV_HEADS·GROUP] f32: scores beside those
// of the positions, with no value (Xiao et al. 2023; learned in gpt-oss)
// grid: (KV_HEADS, rows, 1, or the most ranges that a row of the step sees)
#pragma once
#include "../kv/f16.hip"
#include "../kv/f32.hip"
#include "../kv/q8_0.hip"
#include "../lib/attention.h"
#include "../lib/kv.h"
#include "../lib/step.h"

namespace attention {

constexpr u32 THREADS = 64u;
constexpr u32 MAX_GROUP = 16u;

struct Params {
  f32 scale; // of the scores
  u32 v_plane; // elements from a key to its value
  u32 window; // positions a row can see, its own included; 0: all before it
  f32 soft_cap; // scores are capped to ±this; 0: not
  u32 pool; // which of the row's block tables
  u32 has_sinks; // 0: `sinks` is not read
  u32 mutual; // 1: the step is one whole sequence, and each row sees all of it
  u32 parts; // quads of y before the first one of ranges
};

struct Constants {
  u32 KV_HEADS;
  u32 HEAD_SIZE;
  u32 BLOCK_TOKENS;
  u32 GROUP; // query heads a KV head
  u32 RANGE; // positions whose sums join those before them, best a multiple of THREADS
  u32 KV_WORDS; // of the cache
  u32 GRID_Z; // workgroups a (row, KV head)
};

#define ARGUMENTS Params params, IN(u32) step, IN(vec4f) q, OUT(vec4f) y, IN(u32) kv, IN(f32) sinks, Constants constants
#define PASSED params, step, q, y, kv, sinks, constants

// A loop over the heads that there is place for; unrolled, so that what is kept for each stays in registers.
#define EACH_HEAD(H) _Pragma("unroll") for (u32 H = 0u; H < CAPACITY; H++)

FN f32 capped(f32 soft_cap, f32 score) {
  if (soft_cap == 0.0f || is_nan(score)) return score;
  return soft_cap * tanh(clamp(score / soft_cap, -15.0f, 15.0f));
}

/** Workgroup memory. */
struct Shared {
  f32 *top; // [head] the largest score of the range so far
  f32 *shrink; // [head] what earlier sums are multiplied with
  vec4f *part; // [thread]
  f32 *part_weight;
  f32 *joined_top; // [odd range × head] of the ranges before, whose sums are in y
  f32 *joined_weight;
};

// Of GROUP heads, and of none up to CAPACITY: their queries are 0, and nothing of them is stored.
template <class Kv, u32 CAPACITY>
FN void attend(const Shared &shared, ARGUMENTS) {
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 quads = constants.HEAD_SIZE / 4u;
  vec4f *const query = dynamic_workgroup<vec4f>(0u); // [quad × head]
  f32 *const score = dynamic_workgroup<f32>(16u * CAPACITY * quads); // [head × position of the tile]; then the numerators
  const u32 kv_head = group.x;
  const u32 row = group.y;
  const u32 length = params.mutual == 1u ? row_count(step) : row_position(step, row) + 1u;
  const u32 first = seen_from(length, params.window);
  const u32 first_range = first / constants.RANGE + group.z;
  const u32 last_range = (length - 1u) / constants.RANGE;
  const u32 end_range = constants.GRID_Z == 1u || first_range > last_range ? last_range + 1u : first_range + 1u;
  const u32 base = (row * constants.KV_HEADS + kv_head) * constants.GROUP * quads;
  const auto *const cache = reinterpret_cast<const typename Kv::Element *>(kv);
  // Where the key of a position begins.
  const auto key_of = [&](u32 position) {
    const u32 block = row_block(step, row, params.pool, position, constants.BLOCK_TOKENS);
    return kv_address(constants.KV_HEADS, quads * 4u, constants.BLOCK_TOKENS, block, kv_head, position);
  };
  for (u32 i = local; i < CAPACITY * quads; i += THREADS) {
    const u32 h = i % CAPACITY;
    query[i] = h < constants.GROUP ? q[base + h * quads + i / CAPACITY] * params.scale : vec4f();
  }

  // A sink is the first score that the running softmax of the first range meets: so far the largest, its weight is e^0.
  const bool sunk = params.has_sinks == 1u && group.z == 0u;
  if (local < CAPACITY) {
    shared.top[local] = sunk && local < constants.GROUP ? sinks[kv_head * constants.GROUP + local] : LOWEST;
    shared.joined_top[first_range % 2u * MAX_GROUP + local] = LOWEST;
    shared.joined_weight[first_range % 2u * MAX_GROUP + local] = 0.0f;
  }

  // For the values a thread owns four dimensions (quad) of every `lanes`-th position.
  const u32 lanes = THREADS / quads;
  const u32 lane = local / quads;
  const u32 quad = local % quads;
  array<vec4f, CAPACITY> sums;
  array<f32, CAPACITY> weights;
  const f32 sink_weight = sunk && lane == 0u ? 1.0f : 0.0f; // of later ranges, which begin with the lowest, the first score leaves none of it

  for (u32 range = first_range; range < end_range; range++) {
    EACH_HEAD(h) {
      sums[h] = vec4f();
      weights[h] = sink_weight;
    }
    workgroupBarrier();

    const u32 end = min((range + 1u) * constants.RANGE, length);
    for (u32 tile = max(range * constants.RANGE, first / THREADS * THREADS); tile < end; tile += THREADS) {
      const u32 position = tile + local;
      const bool seen = position >= first && position < end;
      array<f32, CAPACITY> dots = {};
      if (seen) {
        const u32 key = key_of(position);
        for (u32 i = 0u; i < quads; i++) {
          const vec4f k = Kv::load4(cache, constants.KV_WORDS, key + i * 4u);
          EACH_HEAD(h) dots[h] += dot(query[i * CAPACITY + h], k);
        }
      }
      EACH_HEAD(h) score[h * THREADS + local] = seen ? capped(params.soft_cap, dots[h]) : LOWEST;
      workgroupBarrier();

      if (local < CAPACITY) {
        f32 best = shared.top[local];
        for (u32 i = 0u; i < THREADS; i++) best = max(best, score[local * THREADS + i]);
        shared.shrink[local] = exp(shared.top[local] - best);
        shared.top[local] = best;
      }
      workgroupBarrier();
      for (u32 h = 0u; h < CAPACITY; h++) {
        score[h * THREADS + local] = exp(score[h * THREADS + local] - shared.top[h]); // nobody reads those of positions not seen
      }
      workgroupBarrier();

      if (lane < lanes) {
        EACH_HEAD(h) {
          sums[h] *= shared.shrink[h];
          weights[h] *= shared.shrink[h];
        }
        for (u32 i = lane; i < min(THREADS, end - tile); i += lanes) {
          if (tile + i < first) continue; // their blocks may be others' by now
          const vec4f v = Kv::load4(cache, constants.KV_WORDS, key_of(tile + i) + params.v_plane + quad * 4u);
          EACH_HEAD(h) {
            const f32 w = score[h * THREADS + i];
            sums[h] = fma(v, vec4f(w), sums[h]);
            weights[h] += w;
          }
        }
      }
      workgroupBarrier();
    }

    // Not unrolled: what each head's addresses and ends take would not fit into scalar registers.
    _Pragma("nounroll") for (u32 h = 0u; h < constants.GROUP; h++) {
      EACH_HEAD(k) {
        if (k == h) {
          shared.part[local] = sums[k];
          shared.part_weight[local] = weights[k];
        }
      }
      workgroupBarrier();
      if (local < quads) {
        Part found = {shared.part[local], shared.top[h], shared.part_weight[local]};
        for (u32 l = 1u; l < lanes; l++) {
          found.sum += shared.part[l * quads + local];
          found.weight += shared.part_weight[l * quads + local];
        }
        const u32 heads = constants.KV_HEADS * constants.GROUP;
        const u32 head = kv_head * constants.GROUP + h;
        if (constants.GRID_Z == 1u) {
          vec4f &mine = y[(row * heads + head) * quads + local];
          const u32 before = range % 2u * MAX_GROUP + h;
          const f32 weight = shared.joined_weight[before];
          const Part all = joined({weight == 0.0f ? vec4f() : mine, shared.joined_top[before], weight}, found);
          mine = range + 1u == end_range ? all.sum / all.weight : all.sum;
          if (local == 0u) {
            shared.joined_top[before ^ MAX_GROUP] = all.top;
            shared.joined_weight[before ^ MAX_GROUP] = all.weight;
          }
        } else {
          const u32 at = params.parts + part_address(row, group.z, head, heads, quads);
          y[at + local] = found.sum;
          if (local == 0u) y[at + quads] = (vec4f){found.top, found.weight, 0.0f, 0.0f};
        }
      }
      workgroupBarrier();
    }
    if (local < CAPACITY) shared.top[local] = LOWEST;
  }
}

// Of the capacities the first that is no less than GROUP; native-bridge/hip/kernel-table.ts sizes the dynamic memory by it.
template <class Kv>
FN void run(ARGUMENTS) {
  WORKGROUP(f32, top, MAX_GROUP);
  WORKGROUP(f32, shrink, MAX_GROUP);
  WORKGROUP(vec4f, part, THREADS);
  WORKGROUP(f32, part_weight, THREADS);
  WORKGROUP(f32, joined_top, 2u * MAX_GROUP);
  WORKGROUP(f32, joined_weight, 2u * MAX_GROUP);
  const Shared shared = {top, shrink, part, part_weight, joined_top, joined_weight};
  if (constants.GROUP == 1u) {
    attend<Kv, 1>(shared, PASSED);
  } else if (constants.GROUP == 2u) {
    attend<Kv, 2>(shared, PASSED);
  } else if (constants.GROUP <= 4u) {
    attend<Kv, 4>(shared, PASSED);
  } else if (constants.GROUP <= 8u) {
    attend<Kv, 8>(shared, PASSED);
  } else {
    attend<Kv, 16>(shared, PASSED);
  }
}

KERNEL(attention__f16, run<KvF16>)
KERNEL(attention__f32, run<KvF32>)
KERNEL(attention__q8_0, run<KvQ8_0>)

#undef EACH_HEAD
#undef ARGUMENTS
#undef PASSED
} // namespace attention
