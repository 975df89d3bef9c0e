struct Params {
  size: u32,
  first: u32, // 1: input is logits
  last: u32, // 1: one slice: store the token for the next step
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> input: array<u32>;

@group(0) @binding(3) var<storage, read_write> output: array<vec2u>;

@group(0) @binding(4) var<storage, read_write> sampled: array<u32>;

var<workgroup> best_of: array<vec2u, 64>;

fn candidate(row: u32, index: u32) -> vec2u {
  let at = row * params.size + index;
  if (params.first == 1u) {
    return vec2u(order_key(input[at]), index);
  }
  return vec2u(input[at * 2u], input[at * 2u + 1u]);
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  var best = vec2u(0u, 0xffffffffu);
  for (var i = local; i < 1024u; i += 64u) {
    let index = group.x * 1024u + i;
    if (index < params.size) {
      let c = candidate(group.y, index);
      if (before(c, best)) {
        best = c;
      }
    }
  }
  best_of[local] = best;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (local < half && before(best_of[local + half], best_of[local])) {
      best_of[local] = best_of[local + half];
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    output[group.y * groups.x + group.x] = best_of[0];
    if (params.last == 1u) {
      sampled[output_slot(group.y)] = best_of[0].y;
    }
  }
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

// Whether candidate (key, id) a comes before b: greater key first, then the lower id.
fn before(a: vec2u, b: vec2u) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}

// The slot whose sampled token output `output` sets.
fn output_slot(output: u32) -> u32 {
  return row_slot(output_row(output));
}

fn row_slot(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 2u];
}

// The row that output `output` reads.
fn output_row(output: u32) -> u32 {
  return step[step[1] + output];
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 5u;
