

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

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x * R;
  if (row >= params.rows) {
    return;
  }
  let token = id.y * T;
  let tokens = row_count();
  var base: array<u32, T>; // where token t's x begins; past the end the last token again, not stored
  for (var t = 0u; t < T; t++) {
    base[t] = min(token + t, tokens - 1u) * params.units * 8u;
  }
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
          if (EPILOGUE == ADD) {
            y[to] += sums[r];
          } else {
            y[to] = sums[r];
          }
        }
      }
    }
  }
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = unit * 16u;
  return array<vec4f, 8>(quad(o), quad(o + 2u), quad(o + 4u), quad(o + 6u), quad(o + 8u), quad(o + 10u), quad(o + 12u), quad(o + 14u));
}

fn quad(o: u32) -> vec4f {
  return vec4f(unpack2x16float(weights[o]), unpack2x16float(weights[o + 1u]));
}

// F16: 16 words a unit, two halves a word, the lower first.
@group(0) @binding(2) var<storage, read> weights: array<u32>;

fn row_count() -> u32 {
  return step[0];
}

// What happens to a row's dot product before it is stored.
override EPILOGUE: u32 = 0u;

const ADD: u32 = 1u; // y = y + v: the residual stream

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;