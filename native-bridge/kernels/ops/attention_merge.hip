// Joins what the workgroups of `attention` left of a row's ranges, in the order of these: one thread a quad of y.
// y [rows × KV_HEADS·GROUP·HEAD_SIZE] f32, and behind that the parts
// grid: (⌈KV_HEADS·GROUP·HEAD_SIZE / 4 / 64⌉, rows)
#pragma once
#include "../lib/attention.h"
#include "../lib/step.h"

namespace attention_merge {

constexpr u32 THREADS = 64u;

struct Params {
  u32 window; // positions a row can see, its own included; 0: all before it
  u32 parts; // quads of y before the first one of ranges
};

struct Constants {
  u32 HEADS;
  u32 HEAD_SIZE;
  u32 RANGE;
};

#define ARGUMENTS Params params, IN(u32) step, OUT(vec4f) y, Constants constants
#define PASSED params, step, y, constants

FN void run(ARGUMENTS) {
  const u32 quads = constants.HEAD_SIZE / 4u;
  const u32 id = workgroup_id().x * THREADS + local_invocation_index();
  if (id >= constants.HEADS * quads) return;
  const u32 row = workgroup_id().y;
  const u32 head = id / quads;
  const u32 length = row_position(step, row) + 1u;
  const u32 ranges = (length - 1u) / constants.RANGE - seen_from(length, params.window) / constants.RANGE + 1u;
  Part all = nothing();
  for (u32 range = 0u; range < ranges; range++) {
    const u32 at = params.parts + part_address(row, range, head, constants.HEADS, quads);
    const vec4f scale = y[at + quads];
    all = joined(all, {y[at + id % quads], scale.x, scale.y});
  }
  y[row * constants.HEADS * quads + id] = all.sum / all.weight;
}

KERNEL(attention_merge, run)

#undef ARGUMENTS
#undef PASSED
} // namespace attention_merge
