struct Params {
  block_tokens: u32, // positions a block
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read_write> text: array<u32>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= row_count()) {
    return;
  }
  text[text_address(id.x, row_position(id.x), params.block_tokens)] = token_of(id.x);
}

fn row_count() -> u32 {
  return step[0];
}

// The word of the token at `position` of the row's sequence.
fn text_address(row: u32, position: u32, block_tokens: u32) -> u32 {
  return row_block(row, 0u, position, block_tokens) * block_tokens + position % block_tokens;
}

fn row_position(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 1u];
}

fn token_of(row: u32) -> u32 {
  let token = row_token(row);
  if (token == ON_DEVICE) {
    return sampled[row_slot(row)];
  }
  return token;
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

// The KV block of pool `pool` (0: of layers that see all, 1: of layers with a window) that holds `position` of the row's
// sequence.
fn row_block(row: u32, pool: u32, position: u32, block_tokens: u32) -> u32 {
  return step[block_table(row, pool) + position / block_tokens];
}

// The word at which the blocks of the row's sequence begin in pool `pool`.
fn block_table(row: u32, pool: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 3u + pool];
}

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 5u;

fn row_token(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS];
}

const ON_DEVICE: u32 = 0xffffffffu;

@group(0) @binding(3) var<storage, read> sampled: array<u32>; // [slots]

fn row_slot(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 2u];
}
