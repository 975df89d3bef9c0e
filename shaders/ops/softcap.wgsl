// Soft cap in place: x = cap · tanh(x / cap)
// x [outputs × size] f32
// grid: (⌈size / 64⌉, outputs)
import package::lib::nan::is_nan;

struct Params {
  size: u32,
  cap: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.size) { return; }
  let at = id.y * params.size + id.x;
  let v = x[at];
  x[at] = select(params.cap * tanh(clamp(v / params.cap, -15.0, 15.0)), v, is_nan(v));
}
