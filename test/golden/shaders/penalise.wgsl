struct Params {
  size: u32, // logits an output
  block_tokens: u32, // positions a block
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read_write> logits: array<u32>;

@group(0) @binding(4) var<storage, read_write> text: array<u32>;

const SLICE = 4096u; // tokens of the vocabulary a workgroup

const THREADS = 256u;

var<workgroup> counts: array<atomic<u32>, SLICE>; // how often each is among those that are looked at

// Token `index` of the `count` that are looked at, the last of which is the row's own.
fn recent(row: u32, index: u32, count: u32) -> u32 {
  if (index + 1u == count) {
    return token_of(row);
  }
  return text[text_address(row, row_position(row) + 1u + index - count, params.block_tokens)];
}

fn penalty(output: u32, word: u32) -> f32 {
  return bitcast<f32>(output_penalty(output, word));
}

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let output = group.y;
  let row = output_row(output);
  let count = output_penalty(output, 0u);
  if (count == 0u) {
    return;
  }
  for (var place = local; place < SLICE; place += THREADS) {
    atomicStore(&counts[place], 0u);
  }
  workgroupBarrier();
  let first = group.x * SLICE;
  for (var i = local; i < count; i += THREADS) {
    let place = recent(row, i, count) - first;
    if (place < SLICE) {
      atomicAdd(&counts[place], 1u);
    }
  }
  workgroupBarrier();
  for (var place = local; place < SLICE; place += THREADS) {
    let times = atomicLoad(&counts[place]);
    let at = output * params.size + first + place;
    if (times == 0u || first + place >= params.size || order_key(logits[at]) == NAN_KEY) {
      continue;
    }
    let logit = bitcast<f32>(logits[at]);
    let repeated = logit * penalty(output, select(1u, 2u, logit > 0.0));
    logits[at] = bitcast<u32>(repeated - (penalty(output, 3u) + f32(times) * penalty(output, 4u)));
  }
  if (group.x == 0u && local == 0u) {
    text[text_address(row, row_position(row), params.block_tokens)] = token_of(row);
  }
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

fn row_token(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS];
}

const ON_DEVICE: u32 = 0xffffffffu;

@group(0) @binding(3) var<storage, read> sampled: array<u32>; // [slots]

fn row_slot(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 2u];
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 5u;

// The KV block of pool `pool` (0: of layers that see all, 1: of layers with a window) that holds `position` of the row's
// sequence.
fn row_block(row: u32, pool: u32, position: u32, block_tokens: u32) -> u32 {
  return step[block_table(row, pool) + position / block_tokens];
}

// The word at which the blocks of the row's sequence begin in pool `pool`.
fn block_table(row: u32, pool: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 3u + pool];
}

// What penalises the logits of output `output`: word 0 how many tokens count, the row's own and those before it (0: no penalties),
// then as f32 1 the repeat penalty, 2 its inverse, 3 presence, 4 frequency.
fn output_penalty(output: u32, word: u32) -> u32 {
  return step[step[5] + output * PENALTY_WORDS + word];
}

const PENALTY_WORDS: u32 = 5u;

// The row that output `output` reads.
fn output_row(output: u32) -> u32 {
  return step[step[1] + output];
}

fn order_key(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return NAN_KEY;
  }
  if (bits == 0x80000000u) {
    return 0x80000000u;
  }
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

// Logits as u32 keys in the order of the floats, so that NaN and ties are decided by integers: no compiler may assume
// them away. NaN becomes the greatest key; -0 equals 0.
const NAN_KEY: u32 = 0xffffffffu;
