// Penalises the logits of the last tokens of each output's text, in place, as src/sampling does: the repeat penalty divides a
// positive logit and multiplies any other, then the presence penalty is taken off once and the frequency penalty once per
// occurrence. The first place of a token counts its places and edits its logit. Outputs without penalties are left alone.
// logits [outputs × size] f32 bits
// grid: (1, outputs)
#pragma once
#include "../lib/order.h"
#include "../lib/token.h"

namespace penalise {

constexpr u32 THREADS = 64u;

struct Params {
  u32 size; // logits an output
};

#define ARGUMENTS Params params, IN(u32) step, OUT(u32) logits, IN(u32) sampled
#define PASSED params, step, logits, sampled

// Token `index` of the `count` that are looked at: the last is the row's own, which may be known to the device alone.
FN u32 recent(const u32 *step, const u32 *sampled, u32 output, u32 index, u32 count) {
  if (index + 1u == count) return token_of(step, sampled, output_row(step, output));
  return output_recent(step, output, index);
}

// How often token `id` is among them; 0 where `index` is not its first place.
FN u32 occurrences(const u32 *step, const u32 *sampled, u32 output, u32 id, u32 index, u32 count) {
  u32 found = 0u;
  for (u32 i = 0u; i < count; i++) {
    if (recent(step, sampled, output, i, count) != id) continue;
    if (i < index) return 0u;
    found++;
  }
  return found;
}

FN f32 penalty(const u32 *step, u32 output, u32 word) { return bitcast<f32>(output_penalty(step, output, word)); }

FN void run(ARGUMENTS) {
  const u32 output = workgroup_id().y;
  const u32 count = output_penalty(step, output, 1u);
  for (u32 i = local_invocation_index(); i < count; i += THREADS) {
    const u32 id = recent(step, sampled, output, i, count);
    const u32 times = occurrences(step, sampled, output, id, i, count);
    if (times == 0u || id >= params.size) continue;
    const u32 at = output * params.size + id;
    if (order_key(logits[at]) == NAN_KEY) continue;
    const f32 logit = bitcast<f32>(logits[at]);
    const f32 repeated = logit * penalty(step, output, logit > 0.0f ? 3u : 2u);
    logits[at] = bitcast<u32>(repeated - (penalty(step, output, 4u) + f32(times) * penalty(step, output, 5u)));
  }
}

KERNEL(penalise, run)

#undef ARGUMENTS
#undef PASSED
} // namespace penalise
