// Where the tokens of a text lie: beside its keys and values, in the same blocks of the pool that sees all, one word a position. Requests
// that share blocks share their tokens too.
#pragma once
#include "step.h"

// The word of the token at `position` of the row's sequence.
FN u32 text_address(const u32 *step, u32 row, u32 position, u32 block_tokens) {
  return row_block(step, row, 0u, position, block_tokens) * block_tokens + position % block_tokens;
}
