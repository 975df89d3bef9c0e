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

const TILE = 64u; // weight rows, tokens and threads of a workgroup

const PER = 8u; // rows, and tokens, a thread

var<workgroup> w_tile: array<vec4f, 512>; // [8 quads × 64 rows]

var<workgroup> x_tile: array<vec4f, 512>; // [8 quads × 64 tokens], of each eight tokens the one at place p is p ^ quad

@compute @workgroup_size(TILE) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let tokens = row_count();
  let load_row = min(group.y * TILE + local, params.rows - 1u);
  let column = local % PER;
  let line = local / PER;
  var sums: array<array<f32, PER>, PER>; // [token][row]
  for (var u = 0u; u < params.units; u++) {
    let w = dequant32(load_row * params.units + u, params.plane);
    for (var i = 0u; i < 8u; i++) {
      w_tile[i * TILE + local] = w[i];
      let token = min(group.x * TILE + i * PER + line, tokens - 1u);
      x_tile[column * TILE + i * PER + (line ^ column)] = x[(token * params.units + u) * 8u + column];
    }
    workgroupBarrier();
    for (var i = 0u; i < 8u; i++) {
      var row: array<vec4f, PER>;
      for (var r = 0u; r < PER; r++) {
        row[r] = w_tile[i * TILE + r * PER + column];
      }
      for (var t = 0u; t < PER; t++) {
        let v = x_tile[i * TILE + t * PER + (line ^ i)];
        for (var r = 0u; r < PER; r++) {
          sums[t][r] += dot(row[r], v);
        }
      }
    }
    workgroupBarrier();
  }
  for (var t = 0u; t < PER; t++) {
    let token = group.x * TILE + t * PER + line;
    for (var r = 0u; r < PER; r++) {
      let n = group.y * TILE + r * PER + column;
      if (token < tokens && n < params.rows) {
        let to = token * params.y_stride + params.y_offset + n;
        let v = sums[t][r] * params.scale;
        if (EPILOGUE == ADD) {
          y[to] += v;
        } else {
          y[to] = v;
        }
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
