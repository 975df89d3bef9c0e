// Matrix × vector over the `used` experts that each row is routed to, LANES threads a weight row. Needs no feature.
// STORE: y[r·used + k, n] = W[expert(r, k), n] · x[r] + bias
// GLU: the same of a gate and an up row, gated; all gates lie above all ups
// ADD: y[r, n] += Σ_k weight(r, k) · (W[expert(r, k), n] · x[r·used + k] + bias)
// W holds some experts: what is routed to others is left alone, and ADD sums over its own.
// W [experts·rows × 32·units] quantised · x [… × 32·units] f32 · routes [batch·used] of (expert, weight as f32 bits)
// bias, up_bias [all experts·rows] f32, not read where BIAS is 0 · y [… × y_stride] f32
// grid: (⌈rows / (THREADS / LANES)⌉, 1, batch·used, for ADD batch)
import quant::{ GROUP_UNITS, dequant_unit, group_words };
import package::lib::epilogue::{ EPILOGUE, ADD, GLU, gated };
import package::lib::reduce::{ lane_sum, LANES, THREADS };

override BIAS: u32 = 0u;

struct Params {
  rows: u32, // of one expert; with GLU of its gate
  units: u32, // columns / 32
  plane: u32,
  used: u32,
  up: u32, // weight rows from a gate row to its up row
  first_expert: u32,
  experts: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4f>;
@group(0) @binding(4) var<storage, read> routes: array<vec2u>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read> up_bias: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let n = group.x * (THREADS / LANES) + local / LANES;
  let read_n = min(n, params.rows - 1u); // threads past the end compute the last row again and store nothing
  let lane = local % LANES;
  var v = 0.0;
  if (EPILOGUE == ADD) {
    for (var k = 0u; k < params.used; k++) {
      let at = group.z * params.used + k;
      let expert = routes[at].x - params.first_expert; // of one before the first: beyond the last
      if (expert >= params.experts) { continue; }
      let dot = part_dot(expert * params.rows + read_n, at, lane);
      v += bitcast<f32>(routes[at].y) * (dot + bias_of(routes[at].x * params.rows + read_n, lane));
    }
    v = total(v, local);
  } else {
    let expert = routes[group.z].x - params.first_expert;
    if (expert >= params.experts) { return; }
    let row = expert * params.rows + read_n;
    let bias_row = routes[group.z].x * params.rows + read_n;
    let token = group.z / params.used;
    v = total(part_dot(row, token, lane) + bias_of(bias_row, lane), local);
    if (EPILOGUE == GLU) { v = gated(v, total(part_dot(row + params.up, token, lane) + up_bias_of(bias_row, lane), local)); }
  }
  if (lane != 0u || n >= params.rows) { return; }
  let to = group.z * params.y_stride + params.y_offset + n;
  if (EPILOGUE == ADD) { v += y[to]; }
  y[to] = v;
}

fn part_dot(row: u32, x_row: u32, lane: u32) -> f32 {
  let base = x_row * params.units * 8u;
  var sum = vec4f();
  for (var g = lane * GROUP_UNITS; g < params.units; g += LANES * GROUP_UNITS) {
    let words = group_words(row * params.units + g, params.plane);
    if (GROUP_UNITS == 1u) { // a loop of one turn costs a software adapter as much as the unit
      sum += unit_products(dequant_unit(words, row * params.units + g, params.plane), base + g * 8u);
    } else {
      for (var u = g; u < g + GROUP_UNITS; u++) {
        sum += unit_products(dequant_unit(words, row * params.units + u, params.plane), base + u * 8u);
      }
    }
  }
  return dot(sum, vec4f(1.0));
}

fn unit_products(w: array<vec4f, 8>, o: u32) -> vec4f {
  return w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u]
    + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
}

// One lane of a row brings its bias.
fn bias_of(row: u32, lane: u32) -> f32 {
  if (BIAS == 0u || lane != 0u) { return 0.0; }
  return bias[row];
}

fn up_bias_of(row: u32, lane: u32) -> f32 {
  if (BIAS == 0u || lane != 0u) { return 0.0; }
  return up_bias[row];
}

// The sum over a row's lanes; with one lane there is none to wait for.
fn total(part: f32, local: u32) -> f32 {
  if (LANES == 1u) { return part; }
  return lane_sum(part, local);
}
