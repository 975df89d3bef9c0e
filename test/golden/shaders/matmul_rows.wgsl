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

const R = 4u; // weight rows a thread

const T = 8u; // tokens a thread

fn weights_of(row: u32, unit: u32) -> array<vec4f, 8> {
  return dequant32(min(row, params.rows - 1u) * params.units + unit, params.plane);
}

// Adds four columns of the product: to each token's sums (a component a row) the dot products of its quad of x with
// the rows' quads, the columns of `w`. What lies past the last token is read and never stored.
fn add_quad(sums: ptr<function, array<vec4f, T>>, w: mat4x4f, o: u32) {
  let stride = params.units * 8u;
  (*sums)[0] += x[o] * w;
  (*sums)[1] += x[o + stride] * w;
  (*sums)[2] += x[o + 2u * stride] * w;
  (*sums)[3] += x[o + 3u * stride] * w;
  (*sums)[4] += x[o + 4u * stride] * w;
  (*sums)[5] += x[o + 5u * stride] * w;
  (*sums)[6] += x[o + 6u * stride] * w;
  (*sums)[7] += x[o + 7u * stride] * w;
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.y * 64u + local) * R;
  if (row >= params.rows) {
    return;
  }
  let token = group.x * T;
  let tokens = row_count();
  var sums: array<vec4f, T>;
  for (var u = 0u; u < params.units; u++) {
    let a = weights_of(row, u);
    let b = weights_of(row + 1u, u);
    let c = weights_of(row + 2u, u);
    let d = weights_of(row + 3u, u);
    let o = (token * params.units + u) * 8u;
    add_quad(&sums, mat4x4f(a[0], b[0], c[0], d[0]), o);
    add_quad(&sums, mat4x4f(a[1], b[1], c[1], d[1]), o + 1u);
    add_quad(&sums, mat4x4f(a[2], b[2], c[2], d[2]), o + 2u);
    add_quad(&sums, mat4x4f(a[3], b[3], c[3], d[3]), o + 3u);
    add_quad(&sums, mat4x4f(a[4], b[4], c[4], d[4]), o + 4u);
    add_quad(&sums, mat4x4f(a[5], b[5], c[5], d[5]), o + 5u);
    add_quad(&sums, mat4x4f(a[6], b[6], c[6], d[6]), o + 6u);
    add_quad(&sums, mat4x4f(a[7], b[7], c[7], d[7]), o + 7u);
  }
  for (var t = 0u; t < min(T, tokens - token); t++) {
    for (var r = 0u; r < min(R, params.rows - row); r++) {
      let to = (token + t) * params.y_stride + params.y_offset + row + r;
      let v = sums[t][r] * params.scale;
      if (EPILOGUE == ADD) {
        y[to] += v;
      } else {
        y[to] = v;
      }
    }
  }
}

fn row_count() -> u32 {
  return step[0];
}

override EPILOGUE: u32 = 0u;

const ADD: u32 = 1u; // y = y + v: the residual stream

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;
