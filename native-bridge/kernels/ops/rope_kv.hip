// Rotates queries and keys by their position (RoPE) and writes keys and values into the paged KV cache.
// Four elements (two pairs) a thread; elements past the rotated ones pass through. Each key is followed by its value, the
// queries come last: where THREADS is a multiple of HEAD_SIZE / 2, a workgroup has whole keys with their values.
// qkv [rows × (heads + 2·KV_HEADS)·HEAD_SIZE] f32 · q [rows × heads·HEAD_SIZE] f32 · kv: one layer's cache
// grid: (⌈(heads + 2·KV_HEADS)·HEAD_SIZE / 4 / THREADS⌉, rows)
#pragma once
#include "../kv/f16.hip"
#include "../kv/f32.hip"
#include "../kv/q8_0.hip"
#include "../lib/kv.h"
#include "../lib/rope.h"
#include "../lib/step.h"

namespace rope_kv {

constexpr u32 WIDTH = 64u; // threads that there are

struct Params {
  u32 heads; // query heads
  u32 pairs; // rotated pairs a head; 0: no rotation
  u32 table; // which of the step's cos/sin tables
  u32 halves; // 0: a pair is two neighbours (2i, 2i + 1); 1: (i, i + pairs)
  u32 v_plane; // elements from a key to its value
  u32 pool; // which of the row's block tables
};

struct Constants {
  u32 KV_HEADS;
  u32 HEAD_SIZE;
  u32 BLOCK_TOKENS;
  u32 THREADS; // that the grid counts with, at most 2 · WIDTH: each thread stands for one or two
  u32 KV_WORDS; // of the cache
};

#define ARGUMENTS Params params, IN(u32) step, IN(f32) qkv, OUT(f32) q, OUT(u32) kv, Constants constants
#define PASSED params, step, qkv, q, kv, constants

// Four elements of a head, where they lie in it and what they are: (a, a + 1) and (b, b + 1).
struct Elements {
  u32 a;
  u32 b;
  vec4f v;
};

// Those from place `quad` on, rotated where they are to be; `base` is the head's first.
FN Elements turned(const Params &params, const u32 *step, const f32 *qkv, u32 row, u32 base, u32 quad, bool rotated) {
  const bool split = rotated && params.halves == 1u;
  const u32 a = split ? quad * 2u : quad * 4u;
  const u32 b = split ? a + params.pairs : a + 2u;
  vec2f va = vec2f(qkv[base + a], qkv[base + a + 1u]);
  vec2f vb = vec2f(qkv[base + b], qkv[base + b + 1u]);
  if (rotated) {
    const vec2f first = rope_cos_sin(step, row, params.table, quad * 2u, params.pairs);
    const vec2f second = rope_cos_sin(step, row, params.table, quad * 2u + 1u, params.pairs);
    if (split) {
      const vec2f u = rotate(vec2f(va.x, vb.x), first);
      const vec2f w = rotate(vec2f(va.y, vb.y), second);
      va = vec2f(u.x, w.x);
      vb = vec2f(u.y, w.y);
    } else {
      va = rotate(va, first);
      vb = rotate(vb, second);
    }
  }
  return {a, b, vec4f(va, vb)};
}

template <class Kv>
FN void run(ARGUMENTS) {
  WORKGROUP(f32, staged, 512u);
  const vec3u group = workgroup_id();
  const u32 row = group.y;
  const u32 cached = 2u * constants.KV_HEADS;
  const u32 heads = params.heads + cached;
  const u32 quads = constants.HEAD_SIZE / 4u;
  // The last first: a key's scale is stored beside its value's, which is then already staged.
  for (u32 pass = (constants.THREADS + WIDTH - 1u) / WIDTH; pass-- > 0u;) {
    const u32 local = pass * WIDTH + local_invocation_index();
    const u32 id = group.x * constants.THREADS + local;
    const u32 turn = id / quads;
    const u32 quad = id % quads;
    const bool there = local < constants.THREADS && turn < heads;
    const bool is_cached = there && turn < cached;
    const bool is_value = is_cached && turn % 2u == 1u;
    const u32 kv_head = turn / 2u;
    const bool rotated = !is_value && quad < params.pairs / 2u;

    Elements own = {quad * 4u, quad * 4u + 2u, vec4f()};
    if (there) {
      const u32 head = is_cached ? params.heads + kv_head + (is_value ? constants.KV_HEADS : 0u) : turn - cached;
      own = turned(params, step, qkv, row, (row * heads + head) * constants.HEAD_SIZE, quad, rotated);
    }
    if (there && !is_cached) {
      const u32 to = (row * params.heads + turn - cached) * constants.HEAD_SIZE;
      q[to + own.a] = own.v.x;
      q[to + own.a + 1u] = own.v.y;
      q[to + own.b] = own.v.z;
      q[to + own.b + 1u] = own.v.w;
    }
    u32 to = 0u;
    if (is_cached) {
      const u32 position = row_position(step, row);
      const u32 block = row_block(step, row, params.pool, position, constants.BLOCK_TOKENS);
      to = kv_address(constants.KV_HEADS, constants.HEAD_SIZE, constants.BLOCK_TOKENS, block, kv_head, position);
      if (is_value) to += params.v_plane;
    }
    Kv::store4(
      reinterpret_cast<typename Kv::Element *>(kv), constants.KV_WORDS, staged, is_cached, local, quads, to, own.a, own.b, own.v
    );
  }
}

KERNEL(rope_kv__f16, run<KvF16>)
KERNEL(rope_kv__f32, run<KvF32>)
KERNEL(rope_kv__q8_0, run<KvQ8_0>)

#undef ARGUMENTS
#undef PASSED
} // namespace rope_kv
