// Layer norm in place: x[r, k] = (x[r, k] − mean(x[r])) / sqrt(variance(x[r]) + epsilon) · weight[k] + bias[k]
// x [rows × hidden] f32 · weight, bias [hidden] f32 · hidden a multiple of 4
// grid: (1, rows)
import package::lib::reduce::{ lane_sum, THREADS };

struct Params {
  quads: u32, // hidden / 4
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> x: array<vec4f>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let base = group.y * params.quads;
  let hidden = f32(params.quads * 4u);
  var values = 0.0;
  for (var i = local; i < params.quads; i += THREADS) { values += dot(x[base + i], vec4f(1.0)); }
  let mean = lane_sum(values, local) / hidden;
  var squares = 0.0;
  for (var i = local; i < params.quads; i += THREADS) {
    let d = x[base + i] - mean;
    squares += dot(d, d);
  }
  let scale = 1.0 / sqrt(lane_sum(squares, local) / hidden + params.epsilon);
  for (var i = local; i < params.quads; i += THREADS) {
    x[base + i] = (x[base + i] - mean) * scale * weight[i] + bias[i];
  }
}
