// Keeps the token of each row where the row's keys and values are kept, for penalties that look back at it.
// text [blocks × block tokens] u32
// grid: (⌈rows / 64⌉)
#pragma once
#include "../lib/text.h"
#include "../lib/token.h"

namespace keep_tokens {

constexpr u32 THREADS = 64u;

struct Params {
  u32 block_tokens; // positions a block
};

#define ARGUMENTS Params params, IN(u32) step, OUT(u32) text, IN(u32) sampled
#define PASSED params, step, text, sampled

FN void run(ARGUMENTS) {
  const u32 row = workgroup_id().x * THREADS + local_invocation_index();
  if (row >= row_count(step)) return;
  text[text_address(step, row, row_position(step, row), params.block_tokens)] = token_of(step, sampled, row);
}

KERNEL(keep_tokens, run)

#undef ARGUMENTS
#undef PASSED
} // namespace keep_tokens
