struct Params {
  size: u32,
  y_stride: u32,
  y_offset: u32,
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> x: array<f32>;

@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.size) {
    return;
  }
  let gate = id.y * 2u * params.size + id.x;
  y[id.y * params.y_stride + params.y_offset + id.x] = gated(x[gate], x[gate + params.size]);
}

// The gated linear unit.
fn gated(gate: f32, up: f32) -> f32 {
  if (ACTIVATION == SWIGLU_OAI) {
    // gpt-oss: both clamped, a steeper SiLU, and 1 added to up.
    let g = min(gate, 7.0);
    let value = g / (1.0 + exp(-1.702 * g)) * (clamp(up, -7.0, 7.0) + 1.0);
    return select(select(value, up, is_nan(up)), gate, is_nan(gate));
  }
  return activate(gate) * up;
}

override ACTIVATION: u32 = 0u;

const SWIGLU_OAI: u32 = 2u; // a gated unit of its own, no activation

fn activate(v: f32) -> f32 {
  if (ACTIVATION == GELU) {
    // The tanh form; its argument is clamped because tanh of large values is NaN on some drivers.
    let u = 0.7978845608028654 * v * (1.0 + 0.044715 * v * v);
    return 0.5 * v * (1.0 + tanh(clamp(u, -15.0, 15.0)));
  }
  return v / (1.0 + exp(-v));
}

// NaN is told by its bits: compilers may assume that there is none, and `clamp`, `min` and `max` of one may give the other number.
fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}

const GELU: u32 = 1u; // else SiLU
