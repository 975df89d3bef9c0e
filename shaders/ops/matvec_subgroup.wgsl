// Matrix × vector, one weight row a workgroup, summed by subgroups: y[r, n] = Σ_k W[n, k] · x[r, k], then the epilogue.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · y [batch × y_stride] f32
// grid: (columns of ≤ 65,535 workgroups, as many as it takes, batch)
import quant::dequant32;
import package::lib::epilogue::{ EPILOGUE, ADD, GLU, activate };
import package::lib::reduce_subgroup::{ workgroup_sum, THREADS };
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
    sum += w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u]
      + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
  }
  return dot(sum, vec4f(1.0));
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let base = group.z * params.units * 8u;
  var v = workgroup_sum(part_dot(row, base, local), local, lane, size);
  if (EPILOGUE == GLU) { v = activate(v) * workgroup_sum(part_dot(row + params.rows, base, local), local, lane, size); }
  if (local != 0u) { return; }
  let to = group.z * params.y_stride + params.y_offset + row;
  v *= params.scale;
  if (EPILOGUE == ADD) { v += y[to]; }
  y[to] = v;
}
