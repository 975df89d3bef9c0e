// The residual stream's beginning and its first norm: y[r, k] = scale · W[token(r), k], and normed[r, k] = y[r, k] · weight[k] /
// sqrt(mean(y[r]²) + epsilon), as `embed` and `rmsnorm` give them one after the other: the same sums in the same order.
// W [rows × hidden] quantised, the whole table · weight [hidden] f32 · y, normed [rows × hidden] f32
// grid: (1, rows)
import quant::dequant32;
import package::lib::reduce::{ lane_sum, THREADS };
import package::lib::token::token_of;

struct Params {
  units: u32, // hidden / 32
  plane: u32, // word at which the weights' side plane begins
  scale: f32, // of the embedding
  rows: u32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read> weight: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> normed: array<vec4f>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let quads = params.units * 8u;
  let base = group.y * quads;
  let token = token_of(group.y);
  if (token < params.rows) {
    for (var u = local; u < params.units; u += THREADS) {
      let w = dequant32(token * params.units + u, params.plane);
      for (var i = 0u; i < 8u; i++) { y[base + u * 8u + i] = w[i] * params.scale; }
    }
  }
  storageBarrier();
  var squares = 0.0;
  for (var i = local; i < quads; i += THREADS) { squares += dot(y[base + i], y[base + i]); }
  let mean = lane_sum(squares, local) / f32(quads * 4u);
  let scale = 1.0 / sqrt(mean + params.epsilon);
  for (var i = local; i < quads; i += THREADS) { normed[base + i] = y[base + i] * scale * weight[i]; }
}
