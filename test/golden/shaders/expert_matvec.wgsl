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

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let n = group.x * (THREADS / LANES) + local / LANES;
  let read_n = min(n, params.rows - 1u); // threads past the end compute the last row again and store nothing
  let lane = local % LANES;
  var v = 0.0;
  if (EPILOGUE == ADD) {
    for (var k = 0u; k < params.used; k++) {
      let at = group.z * params.used + k;
      let expert = routes[at].x - params.first_expert; // of one before the first: beyond the last
      if (expert >= params.experts) {
        continue;
      }
      let dot = part_dot(expert * params.rows + read_n, at, lane);
      v += bitcast<f32>(routes[at].y) * (dot + bias_of(routes[at].x * params.rows + read_n, lane));
    }
    v = total(v, local);
  } else {
    let expert = routes[group.z].x - params.first_expert;
    if (expert >= params.experts) {
      return;
    }
    let row = expert * params.rows + read_n;
    let bias_row = routes[group.z].x * params.rows + read_n;
    let token = group.z / params.used;
    v = total(part_dot(row, token, lane) + bias_of(bias_row, lane), local);
    if (EPILOGUE == GLU) {
      v = gated(v, total(part_dot(row + params.up, token, lane) + up_bias_of(bias_row, lane), local));
    }
  }
  if (lane != 0u || n >= params.rows) {
    return;
  }
  let to = group.z * params.y_stride + params.y_offset + n;
  if (EPILOGUE == ADD) {
    v += y[to];
  }
  y[to] = v;
}

fn part_dot(row: u32, x_row: u32, lane: u32) -> f32 {
  let base = x_row * params.units * 8u;
  var sum = vec4f();
  for (var g = lane * GROUP_UNITS; g < params.units; g += LANES * GROUP_UNITS) {
    let words = group_words(row * params.units + g, params.plane);
    if (GROUP_UNITS == 1u) {
      // a loop of one turn costs a software adapter as much as the unit
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
  return w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u] + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
}

// One lane of a row brings its bias.
fn bias_of(row: u32, lane: u32) -> f32 {
  if (BIAS == 0u || lane != 0u) {
    return 0.0;
  }
  return bias[row];
}

fn up_bias_of(row: u32, lane: u32) -> f32 {
  if (BIAS == 0u || lane != 0u) {
    return 0.0;
  }
  return up_bias[row];
}

// The sum over a row's lanes; with one lane there is none to wait for.
fn total(part: f32, local: u32) -> f32 {
  if (LANES == 1u) {
    return part;
  }
  return lane_sum(part, local);
}

override THREADS: u32 = 64u;

// Sums over a workgroup of LANES·groups threads. Every thread of the workgroup must call, in uniform control flow.
override LANES: u32 = 64u; // threads that share one sum; a power of two

override EPILOGUE: u32 = 0u;

const ADD: u32 = 1u; // y = y + v: the residual stream

const GLU: u32 = 2u; // y = activate(v) · w, w the dot product of the row `rows` further on

// The gated linear unit.
fn gated(gate: f32, up: f32) -> f32 {
  if (ACTIVATION == SWIGLU_OAI) {
    // gpt-oss: both clamped, a steeper SiLU, and 1 added to up.
    let g = min(gate, 7.0);
    let value = g / (1.0 + exp(-1.702 * g)) * (clamp(up, -7.0, 7.0) + 1.0);
    return select(select(value, up, is_nan(up)), gate, is_nan(gate));
  }
  return activate(gate) * up;
}

override ACTIVATION: u32 = 0u;

const SWIGLU_OAI: u32 = 2u; // a gated unit of its own, no activation

fn activate(v: f32) -> f32 {
  if (ACTIVATION == GELU) {
    // The tanh form; its argument is clamped because tanh of large values is NaN on some drivers.
    let u = 0.7978845608028654 * v * (1.0 + 0.044715 * v * v);
    return 0.5 * v * (1.0 + tanh(clamp(u, -15.0, 15.0)));
  }
  return v / (1.0 + exp(-v));
}

// NaN is told by its bits: compilers may assume that there is none, and `clamp`, `min` and `max` of one may give the other number.
fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}

const GELU: u32 = 1u; // else SiLU

// The sum of `value` over the LANES neighbouring threads that `local` belongs to, in the first of them.
fn lane_sum(value: f32, local: u32) -> f32 {
  partial_sums[local] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (local % LANES < half) {
      partial_sums[local] += partial_sums[local + half];
    }
    workgroupBarrier();
  }
  let sum = partial_sums[local - local % LANES];
  workgroupBarrier();
  return sum;
}

var<workgroup> partial_sums: array<f32, THREADS>;
