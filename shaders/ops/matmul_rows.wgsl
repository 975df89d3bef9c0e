// Matrix × matrix for prompts, 4 weight rows × 8 tokens a thread, no barrier: y[t, n] = Σ_k W[n, k] · x[t, k], then the
// epilogue. Weights are read once per 8 tokens. Best on software adapters.
// W [rows × 32·units] quantised · x [tokens × 32·units] f32 · y [tokens × y_stride] f32
// grid: (⌈rows / 4 / 64⌉, ⌈tokens / 8⌉, 1)
import quant::dequant32;
import package::lib::epilogue::{ EPILOGUE, ADD };
import package::lib::step::row_count;

struct Params {
  rows: u32,
  units: u32, // columns / 32
  plane: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const R = 4u; // weight rows a thread
const T = 8u; // tokens a thread

fn weights_of(row: u32, unit: u32) -> array<vec4f, 8> {
  return dequant32(min(row, params.rows - 1u) * params.units + unit, params.plane);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x * R;
  if (row >= params.rows) { return; }
  let token = id.y * T;
  let tokens = row_count();
  var base: array<u32, T>; // where token t's x begins; past the end the last token again, not stored
  for (var t = 0u; t < T; t++) { base[t] = min(token + t, tokens - 1u) * params.units * 8u; }

  var s0: array<vec4f, T>;
  var s1: array<vec4f, T>;
  var s2: array<vec4f, T>;
  var s3: array<vec4f, T>;
  for (var u = 0u; u < params.units; u++) {
    let w0 = weights_of(row, u);
    let w1 = weights_of(row + 1u, u);
    let w2 = weights_of(row + 2u, u);
    let w3 = weights_of(row + 3u, u);
    for (var i = 0u; i < 8u; i++) {
      for (var t = 0u; t < T; t++) {
        let v = x[base[t] + u * 8u + i];
        s0[t] += w0[i] * v;
        s1[t] += w1[i] * v;
        s2[t] += w2[i] * v;
        s3[t] += w3[i] * v;
      }
    }
  }
  for (var t = 0u; t < T; t++) {
    if (token + t < tokens) {
      let sums = vec4f(dot(s0[t], vec4f(1.0)), dot(s1[t], vec4f(1.0)), dot(s2[t], vec4f(1.0)), dot(s3[t], vec4f(1.0)));
      for (var r = 0u; r < R; r++) {
        if (row + r < params.rows) {
          let to = (token + t) * params.y_stride + params.y_offset + row + r;
          if (EPILOGUE == ADD) { y[to] += sums[r]; } else { y[to] = sums[r]; }
        }
      }
    }
  }
}
