// RMS norm in place of neighbouring segments of each row, all with one weight: the heads of Q or K.
// x [rows × stride] f32, segments of `size` from `offset` on · weight [size] f32
// grid: (segments, rows)
import package::lib::reduce::{ lane_sum, THREADS };

struct Params {
  stride: u32,
  offset: u32,
  size: u32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let base = group.y * params.stride + params.offset + group.x * params.size;
  var squares = 0.0;
  for (var i = local; i < params.size; i += THREADS) { squares += x[base + i] * x[base + i]; }
  let scale = 1.0 / sqrt(lane_sum(squares, local) / f32(params.size) + params.epsilon);
  for (var i = local; i < params.size; i += THREADS) { x[base + i] *= scale * weight[i]; }
}
