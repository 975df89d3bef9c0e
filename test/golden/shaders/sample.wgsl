struct Params {
  size: u32, // logits an output
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> best: array<vec2u>;

@group(0) @binding(3) var<storage, read_write> result: array<vec2u>;

@group(0) @binding(4) var<storage, read_write> sampled: array<u32>;

const KEEP = 64u;

const NEGLIGIBLE = 100.0; // e⁻¹⁰⁰ is 0 in f32

var<workgroup> weights: array<f32, 64>;

// exp((logit − best) / temperature): 1 for whatever equals the best, at ±infinity too; no quotient can overflow.
fn weight(key: u32, best_key: u32, temperature: f32) -> f32 {
  if (key == best_key) {
    return 1.0;
  }
  let below = key_logit(best_key) - key_logit(key);
  if (below >= NEGLIGIBLE * temperature) {
    return 0.0;
  }
  return exp(-below / temperature);
}

// The leading candidates that reach the share top_p, as far as they have min_p times the weight of the best; at least 1.
fn kept_size(count: u32, top_p: f32, min_p: f32) -> u32 {
  var total = 0.0;
  for (var i = 0u; i < count; i++) {
    total += weights[i];
  }
  var sum = 0.0;
  for (var i = 0u; i < count; i++) {
    if (weights[i] < min_p) {
      return i;
    }
    sum += weights[i];
    if (top_p < 1.0 && sum >= top_p * total) {
      return i + 1u;
    }
  }
  return count;
}

// The rank that `unit` falls on when each of the kept has a share of [0, 1) in proportion to its weight.
fn pick(kept: u32, unit: f32) -> u32 {
  var total = 0.0;
  for (var i = 0u; i < kept; i++) {
    total += weights[i];
  }
  var sum = 0.0;
  var last = 0u;
  for (var i = 0u; i < kept; i++) {
    if (weights[i] == 0.0) {
      continue;
    }
    sum += weights[i];
    last = i;
    if (sum > unit * total) {
      break;
    }
  }
  return last;
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) rank: u32) {
  let output = group.y;
  let best_key = best[output * KEEP].x;
  weights[rank] = weight(best[output * KEEP + rank].x, best_key, bitcast<f32>(output_draw(output, 1u)));
  workgroupBarrier();
  if (rank > 0u) {
    return;
  }
  let count = min(min(output_draw(output, 0u), KEEP), params.size);
  let kept = kept_size(count, bitcast<f32>(output_draw(output, 2u)), bitcast<f32>(output_draw(output, 3u)));
  let id = best[output * KEEP + pick(kept, bitcast<f32>(output_draw(output, 4u)))].y;
  result[output] = vec2u(best_key, id);
  sampled[output_slot(output)] = id;
}

// The logit that a key stands for.
fn key_logit(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, (key & 0x80000000u) != 0u));
}

// What the token of output `output` is drawn with: word 0 top-k, then as f32 1 temperature, 2 top-p, 3 min-p, 4 the random number.
fn output_draw(output: u32, word: u32) -> u32 {
  return step[step[4] + output * DRAW_WORDS + word];
}

// The slot whose sampled token output `output` sets.
fn output_slot(output: u32) -> u32 {
  return row_slot(output_row(output));
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

const DRAW_WORDS: u32 = 5u;

fn row_slot(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 2u];
}

// The row that output `output` reads.
fn output_row(output: u32) -> u32 {
  return step[step[1] + output];
}

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 5u;
