// Gated linear unit of gate and up beside each other: y[r, y_offset + k] = activate(x[r, k]) · x[r, size + k]
// x [rows × 2·size] f32 · y [rows × y_stride] f32
// grid: (⌈size / 64⌉, rows)
import package::lib::epilogue::activate;

struct Params {
  size: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.size) { return; }
  let gate = id.y * 2u * params.size + id.x;
  y[id.y * params.y_stride + params.y_offset + id.x] = activate(x[gate]) * x[gate + params.size];
}
