struct Params { size: u32 }


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.size) {
    return;
  }
  let at = id.y * params.size + id.x;
  x[at] = activate(x[at]);
}

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
