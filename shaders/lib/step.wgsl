// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

const ROWS: u32 = 8u; // word at which the rows begin
const ROW_WORDS: u32 = 5u;
const ON_DEVICE: u32 = 0xffffffffu;
const DRAW_WORDS: u32 = 5u;
const PENALTY_WORDS: u32 = 5u;

fn row_count() -> u32 { return step[0]; }
fn row_token(row: u32) -> u32 { return step[ROWS + row * ROW_WORDS]; }
fn row_position(row: u32) -> u32 { return step[ROWS + row * ROW_WORDS + 1u]; }
fn row_slot(row: u32) -> u32 { return step[ROWS + row * ROW_WORDS + 2u]; }

// The KV block of pool `pool` (0: of layers that see all, 1: of layers with a window) that holds `position` of the row's
// sequence.
fn row_block(row: u32, pool: u32, position: u32, block_tokens: u32) -> u32 {
  return step[block_table(row, pool) + position / block_tokens];
}

// The word at which the blocks of the row's sequence begin in pool `pool`.
fn block_table(row: u32, pool: u32) -> u32 { return step[ROWS + row * ROW_WORDS + 3u + pool]; }

fn output_count() -> u32 { return step[3]; }
// The row that output `output` reads.
fn output_row(output: u32) -> u32 { return step[step[1] + output]; }
// The slot whose sampled token output `output` sets.
fn output_slot(output: u32) -> u32 { return row_slot(output_row(output)); }

// What the token of output `output` is drawn with: word 0 top-k, then as f32 1 temperature, 2 top-p, 3 min-p, 4 the random number.
fn output_draw(output: u32, word: u32) -> u32 { return step[step[4] + output * DRAW_WORDS + word]; }

// What penalises the logits of output `output`: word 0 how many tokens count, the row's own and those before it (0: no penalties),
// then as f32 1 the repeat penalty, 2 its inverse, 3 presence, 4 frequency.
fn output_penalty(output: u32, word: u32) -> u32 { return step[step[5] + output * PENALTY_WORDS + word]; }

// cos and sin of pair `pair` at the row's position, from table `table`.
fn rope_cos_sin(row: u32, table: u32, pair: u32, pairs: u32) -> vec2f {
  let o = step[2] + ((table * row_count() + row) * pairs + pair) * 2u;
  return bitcast<vec2f>(vec2u(step[o], step[o + 1u]));
}
