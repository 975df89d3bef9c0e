// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
#pragma once

constexpr u32 ROWS = 8u; // word at which the rows begin
constexpr u32 ROW_WORDS = 5u;
constexpr u32 ON_DEVICE = 0xffffffffu;
constexpr u32 DRAW_WORDS = 5u;
constexpr u32 PENALTY_WORDS = 5u;

FN u32 row_count(const u32 *step) { return step[0]; }
FN u32 row_token(const u32 *step, u32 row) { return step[ROWS + row * ROW_WORDS]; }
FN u32 row_position(const u32 *step, u32 row) { return step[ROWS + row * ROW_WORDS + 1u]; }
FN u32 row_slot(const u32 *step, u32 row) { return step[ROWS + row * ROW_WORDS + 2u]; }

// The KV block of pool `pool` (0: of layers that see all, 1: of layers with a window) that holds `position` of the row's
// sequence.
FN u32 row_block(const u32 *step, u32 row, u32 pool, u32 position, u32 block_tokens) {
  return step[step[ROWS + row * ROW_WORDS + 3u + pool] + position / block_tokens];
}

FN u32 output_count(const u32 *step) { return step[3]; }
// The row that output `output` reads.
FN u32 output_row(const u32 *step, u32 output) { return step[step[1] + output]; }
// The slot whose sampled token output `output` sets.
FN u32 output_slot(const u32 *step, u32 output) { return row_slot(step, output_row(step, output)); }

// What the token of output `output` is drawn with: word 0 top-k, then as f32 1 temperature, 2 top-p, 3 min-p, 4 the random number.
FN u32 output_draw(const u32 *step, u32 output, u32 word) { return step[step[4] + output * DRAW_WORDS + word]; }

// What penalises the logits of output `output`: word 0 how many tokens count, the row's own and those before it (0: no penalties),
// then as f32 1 the repeat penalty, 2 its inverse, 3 presence, 4 frequency.
FN u32 output_penalty(const u32 *step, u32 output, u32 word) { return step[step[5] + output * PENALTY_WORDS + word]; }

// cos and sin of pair `pair` at the row's position, from table `table`.
FN vec2f rope_cos_sin(const u32 *step, u32 row, u32 table, u32 pair, u32 pairs) {
  const u32 o = step[2] + ((table * row_count(step) + row) * pairs + pair) * 2u;
  return bitcast<vec2f>(vec2u(step[o], step[o + 1u]));
}
