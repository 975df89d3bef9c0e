// Matrix × vector, LANES threads a weight row: y[r, n] = Σ_k W[n, k] · x[r, k], then the epilogue. Needs no feature.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · y [batch × y_stride] f32
// grid: (⌈rows / (THREADS / LANES)⌉, 1, batch)
import quant::dequant32;
import package::lib::epilogue::{ EPILOGUE, ADD, GLU, activate };
import package::lib::reduce::{ lane_sum, LANES, THREADS };

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
    sum += w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u]
      + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
  }
  return dot(sum, vec4f(1.0));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x * (THREADS / LANES) + local / LANES;
  let read_row = min(row, params.rows - 1u); // threads past the end compute the last row again and store nothing
  let base = group.z * params.units * 8u;
  var v = lane_sum(part_dot(read_row, base, local % LANES), local);
  if (EPILOGUE == GLU) { v = activate(v) * lane_sum(part_dot(read_row + params.rows, base, local % LANES), local); }
  if (local % LANES != 0u || row >= params.rows) { return; }
  let to = group.z * params.y_stride + params.y_offset + row;
  v *= params.scale;
  if (EPILOGUE == ADD) { v += y[to]; }
  y[to] = v;
}
