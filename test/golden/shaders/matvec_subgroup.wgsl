enable subgroups;

struct Params {
  rows: u32,
  units: u32, // columns / 32
  plane: u32,
  y_stride: u32,
  y_offset: u32,
  scale: f32, // of what is stored or added
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(3) var<storage, read> x: array<vec4f>;

@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn part_dot(row: u32, base: u32, lane: u32) -> f32 {
  var sum = vec4f();
  for (var u = lane; u < params.units; u += THREADS) {
    let w = dequant32(row * params.units + u, params.plane);
    let o = base + u * 8u;
    sum += w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u] + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
  }
  return dot(sum, vec4f(1.0));
}

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32, @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) size: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) {
    return;
  }
  let base = group.z * params.units * 8u;
  var v = workgroup_sum(part_dot(row, base, local), local, lane, size);
  if (EPILOGUE == GLU) {
    v = activate(v) * workgroup_sum(part_dot(row + params.rows, base, local), local, lane, size);
  }
  if (local != 0u) {
    return;
  }
  let to = group.z * params.y_stride + params.y_offset + row;
  v *= params.scale;
  if (EPILOGUE == ADD) {
    v += y[to];
  }
  y[to] = v;
}

// The sum over a whole workgroup with subgroup operations, for any subgroup size.
override THREADS: u32 = 64u;

// The sum of `value` over all threads, in every thread. Every thread must call, in uniform control flow.
fn workgroup_sum(value: f32, local: u32, lane: u32, size: u32) -> f32 {
  let own = subgroupAdd(value);
  if (lane == 0u) {
    partial_sums[local / size] = own;
  }
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < (THREADS + size - 1u) / size; i++) {
    sum += partial_sums[i];
  }
  workgroupBarrier();
  return sum;
}

// What happens to a row's dot product before it is stored.
override EPILOGUE: u32 = 0u;

const GLU: u32 = 2u; // y = activate(v) · w, w the dot product of the row `rows` further on

const ADD: u32 = 1u; // y = y + v: the residual stream

fn activate(v: f32) -> f32 {
  if (ACTIVATION == GELU) {
    // The tanh form; its argument is clamped because tanh of large values is NaN on some drivers.
    let u = 0.7978845608028654 * v * (1.0 + 0.044715 * v * v);
    return 0.5 * v * (1.0 + tanh(clamp(u, -15.0, 15.0)));
  }
  return v / (1.0 + exp(-v));
}

override ACTIVATION: u32 = 0u;

const GELU: u32 = 1u; // else SiLU

var<workgroup> partial_sums: array<f32, THREADS>;
