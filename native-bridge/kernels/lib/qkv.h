// What ends the dot products of a pair of neighbouring rows of stacked Q, K and V: RoPE, and the store into q or the cache.
#pragma once
#include "../kv/f16.hip"
#include "../kv/f32.hip"
#include "kv.h"
#include "rope.h"
#include "step.h"

struct QkvParams {
  u32 heads; // query heads
  u32 kv_heads;
  u32 head_size;
  u32 units; // columns / 32
  u32 plane; // word at which the weights' side plane begins
  u32 pairs; // rotated pairs a head; 0: no rotation
  u32 table; // which of the step's cos/sin tables
  u32 v_plane; // elements from a key to its value
  u32 pool; // which of the row's block tables
  f32 epsilon; // of the norm, in shapes that take one
};

struct QkvConstants {
  u32 BATCH; // rows that share a reading of the weights
  u32 BLOCK_TOKENS;
  u32 NORM; // 1: rows of x are normed, in shapes that take that
  u32 LANES; // threads that share a pair, in shapes that have several of these
  u32 KV_TYPE; // of those whose elements share no scale
  u32 GRID_X; // workgroups in x
};

// Pairs of the matrix's rows.
FN u32 pair_count(const QkvParams &params) { return (params.heads + 2u * params.kv_heads) * params.head_size / 2u; }

// `v`: what weight rows 2·pair and 2·pair + 1 give for row `row` of the step.
FN void finish(
  const QkvParams &params, const QkvConstants &constants, const u32 *step, u32 *kv, vec2f *q, u32 pair, u32 row, vec2f v
) {
  const u32 half = params.head_size / 2u;
  const u32 head = pair / half;
  const u32 place = pair % half; // in the head
  const bool is_value = head >= params.heads + params.kv_heads;
  vec2f turned = v;
  if (!is_value && place < params.pairs) turned = rotate(v, rope_cos_sin(step, row, params.table, place, params.pairs));
  if (head < params.heads) {
    q[row * params.heads * half + pair] = turned;
    return;
  }
  const u32 position = row_position(step, row);
  const u32 block = row_block(step, row, params.pool, position, constants.BLOCK_TOKENS);
  const u32 kv_head = (head - params.heads) % params.kv_heads;
  const u32 key = kv_address(params.kv_heads, params.head_size, constants.BLOCK_TOKENS, block, kv_head, position);
  const u32 element = key + (is_value ? params.v_plane : 0u) + 2u * place;
  if (constants.KV_TYPE == KV_F32) {
    KvF32::store2(reinterpret_cast<f32 *>(kv), element, turned);
  } else {
    KvF16::store2(kv, element, turned);
  }
}
