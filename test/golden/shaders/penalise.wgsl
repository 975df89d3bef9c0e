struct Params {
  size: u32, // logits an output
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read_write> logits: array<u32>;

// Token `index` of the `count` that are looked at: the last is the row's own, which may be known to the device alone.
fn recent(output: u32, index: u32, count: u32) -> u32 {
  if (index + 1u == count) {
    return token_of(output_row(output));
  }
  return output_recent(output, index);
}

// How often token `id` is among them; 0 where `index` is not its first place.
fn occurrences(output: u32, id: u32, index: u32, count: u32) -> u32 {
  var found = 0u;
  for (var i = 0u; i < count; i++) {
    if (recent(output, i, count) != id) {
      continue;
    }
    if (i < index) {
      return 0u;
    }
    found++;
  }
  return found;
}

fn penalty(output: u32, word: u32) -> f32 {
  return bitcast<f32>(output_penalty(output, word));
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let output = group.y;
  let count = output_penalty(output, 1u);
  for (var i = local; i < count; i += 64u) {
    let id = recent(output, i, count);
    let times = occurrences(output, id, i, count);
    let at = output * params.size + id;
    if (times == 0u || id >= params.size || order_key(logits[at]) == NAN_KEY) {
      continue;
    }
    let logit = bitcast<f32>(logits[at]);
    let repeated = logit * penalty(output, select(2u, 3u, logit > 0.0));
    logits[at] = bitcast<u32>(repeated - (penalty(output, 4u) + f32(times) * penalty(output, 5u)));
  }
}

// Token `index` of those before the row.
fn output_recent(output: u32, index: u32) -> u32 {
  return step[output_penalty(output, 0u) + index];
}

fn token_of(row: u32) -> u32 {
  let token = row_token(row);
  if (token == ON_DEVICE) {
    return sampled[row_slot(row)];
  }
  return token;
}

// The row that output `output` reads.
fn output_row(output: u32) -> u32 {
  return step[step[1] + output];
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

// What penalises the logits of output `output`: word 0 where the tokens before its row begin, 1 how many tokens count, the row's
// own included (0: no penalties), then as f32 2 the repeat penalty, 3 its inverse, 4 presence, 5 frequency.
fn output_penalty(output: u32, word: u32) -> u32 {
  return step[step[5] + output * PENALTY_WORDS + word];
}

const PENALTY_WORDS: u32 = 6u;

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
