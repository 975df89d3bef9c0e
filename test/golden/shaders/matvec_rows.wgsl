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

fn row_dot(row: u32, base: u32) -> f32 {
  var sum = vec4f();
  for (var u = 0u; u < params.units; u++) {
    let w = dequant32(row * params.units + u, params.plane);
    let o = base + u * 8u;
    sum += w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u] + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
  }
  return dot(sum, vec4f(1.0));
}

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= params.rows) {
    return;
  }
  let base = id.z * params.units * 8u;
  let to = id.z * params.y_stride + params.y_offset + row;
  var v = row_dot(row, base);
  if (EPILOGUE == GLU) {
    v = activate(v) * row_dot(row + params.rows, base);
  }
  v *= params.scale;
  if (EPILOGUE == ADD) {
    v += y[to];
  }
  y[to] = v;
}

// What happens to a row's dot product before it is stored.
override EPILOGUE: u32 = 0u;

const GLU: u32 = 2u; // y = activate(v) · w, w the dot product of the row `rows` further on

const ADD: u32 = 1u; // y = y + v: the residual stream

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
