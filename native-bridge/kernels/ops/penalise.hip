// Penalises the logits of the last tokens of each output's text, in place, as src/sampling does: the repeat penalty divides a
// positive logit and multiplies any other, then the presence penalty is taken off once and the frequency penalty once per
// occurrence. A workgroup counts the tokens of its slice of the vocabulary in a table, however many are looked at, and edits the logits of
// those that it met. Outputs without penalties are left alone.
// The row's own token may be known to the device alone; it is kept, for the rows behind it.
// logits [outputs × size] f32 bits · text [blocks × block tokens] u32
// grid: (⌈size / 4096⌉, outputs)
#pragma once
#include "../lib/order.h"
#include "../lib/text.h"
#include "../lib/token.h"

namespace penalise {

constexpr u32 SLICE = 4096u; // tokens of the vocabulary a workgroup
constexpr u32 THREADS = 64u;

struct Params {
  u32 size; // logits an output
  u32 block_tokens; // positions a block
};

#define ARGUMENTS Params params, IN(u32) step, OUT(u32) logits, IN(u32) sampled, OUT(u32) text
#define PASSED params, step, logits, sampled, text

// Token `index` of the `count` that are looked at, the last of which is the row's own.
FN u32 recent(ARGUMENTS, u32 row, u32 index, u32 count) {
  if (index + 1u == count) return token_of(step, sampled, row);
  return text[text_address(step, row, row_position(step, row) + 1u + index - count, params.block_tokens)];
}

FN f32 penalty(const u32 *step, u32 output, u32 word) { return bitcast<f32>(output_penalty(step, output, word)); }

FN void run(ARGUMENTS) {
  WORKGROUP(u32, counts, SLICE); // how often each is among those that are looked at
  const u32 output = workgroup_id().y;
  const u32 local = local_invocation_index();
  const u32 row = output_row(step, output);
  const u32 count = output_penalty(step, output, 0u);
  if (count == 0u) return;
  for (u32 place = local; place < SLICE; place += THREADS) counts[place] = 0u;
  workgroupBarrier();
  const u32 first = workgroup_id().x * SLICE;
  for (u32 i = local; i < count; i += THREADS) {
    const u32 place = recent(PASSED, row, i, count) - first;
    if (place < SLICE) atomicAdd(&counts[place], 1u);
  }
  workgroupBarrier();
  for (u32 place = local; place < SLICE; place += THREADS) {
    const u32 times = counts[place];
    if (times == 0u || first + place >= params.size) continue;
    const u32 at = output * params.size + first + place;
    if (order_key(logits[at]) == NAN_KEY) continue;
    const f32 logit = bitcast<f32>(logits[at]);
    const f32 repeated = logit * penalty(step, output, logit > 0.0f ? 2u : 1u);
    logits[at] = bitcast<u32>(repeated - (penalty(step, output, 3u) + f32(times) * penalty(step, output, 4u)));
  }
  if (workgroup_id().x != 0u || local != 0u) return;
  text[text_address(step, row, row_position(step, row), params.block_tokens)] = token_of(step, sampled, row);
}

KERNEL(penalise, run)

#undef ARGUMENTS
#undef PASSED
} // namespace penalise
