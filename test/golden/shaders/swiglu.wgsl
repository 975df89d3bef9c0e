

struct Params { size: u32 }


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> x: array<f32>;

@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.size) {
    return;
  }
  let gate = id.y * 2u * params.size + id.x;
  y[id.y * params.size + id.x] = silu(x[gate]) * x[gate + params.size];
}

fn silu(v: f32) -> f32 {
  return v / (1.0 + exp(-v));
}