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
  for (var u = lane; u < params.units; u += LANES) {
    let w = dequant32(row * params.units + u, params.plane);
    let o = base + u * 8u;
    sum += w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u] + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
  }
  return dot(sum, vec4f(1.0));
}

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x * (THREADS / LANES) + local / LANES;
  let read_row = min(row, params.rows - 1u); // threads past the end compute the last row again and store nothing
  let base = group.z * params.units * 8u;
  var v = lane_sum(part_dot(read_row, base, local % LANES), local);
  if (EPILOGUE == GLU) {
    v = activate(v) * lane_sum(part_dot(read_row + params.rows, base, local % LANES), local);
  }
  if (local % LANES != 0u || row >= params.rows) {
    return;
  }
  let to = group.z * params.y_stride + params.y_offset + row;
  v *= params.scale;
  if (EPILOGUE == ADD) {
    v += y[to];
  }
  y[to] = v;
}

// Sums over a workgroup of LANES·groups threads. Every thread of the workgroup must call, in uniform control flow.
override LANES: u32 = 64u; // threads that share one sum; a power of two

override THREADS: u32 = 64u;

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
