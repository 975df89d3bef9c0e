// Matrix × vector, one weight row a thread: y[r, n] = Σ_k W[n, k] · x[r, k], then the epilogue. Best where barriers cost
// more than memory: software adapters.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · y [batch × y_stride] f32
// grid: (⌈rows / 64⌉, 1, batch)
import quant::dequant32;
import package::lib::epilogue::{ EPILOGUE, ADD, GLU, activate };

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
    sum += w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u]
      + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
  }
  return dot(sum, vec4f(1.0));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= params.rows) { return; }
  let base = id.z * params.units * 8u;
  let to = id.z * params.y_stride + params.y_offset + row;
  var v = row_dot(row, base);
  if (EPILOGUE == GLU) { v = activate(v) * row_dot(row + params.rows, base); }
  v *= params.scale;
  if (EPILOGUE == ADD) { v += y[to]; }
  y[to] = v;
}
