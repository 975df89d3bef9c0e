// The token that a row embeds: the step's, or the one that was chosen last for its slot and never left the device.
#pragma once
#include "step.h"

// `sampled`: [slots]
FN u32 token_of(const u32 *step, const u32 *sampled, u32 row) {
  const u32 token = row_token(step, row);
  return token == ON_DEVICE ? sampled[row_slot(step, row)] : token;
}
