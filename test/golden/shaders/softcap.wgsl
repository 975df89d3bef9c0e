struct Params {
  size: u32,
  cap: f32,
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.size) {
    return;
  }
  let at = id.y * params.size + id.x;
  let v = x[at];
  x[at] = select(params.cap * tanh(clamp(v / params.cap, -15.0, 15.0)), v, is_nan(v));
}

// NaN is told by its bits: compilers may assume that there is none, and `clamp`, `min` and `max` of one may give the other number.
fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}
