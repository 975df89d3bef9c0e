override INDEX: u32 = 0u; // what a row's index is

const POSITION: u32 = 1u;

const ZERO: u32 = 2u; // else its token

struct Params {
  units: u32, // hidden / 32
  plane: u32, // word at which the weights' side plane begins
  scale: f32,
  first_row: u32,
  rows: u32,
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

fn index_of(row: u32) -> u32 {
  if (INDEX == ZERO) {
    return 0u;
  }
  if (INDEX == POSITION) {
    return row_position(row);
  }
  return token_of(row);
}

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.units) {
    return;
  }
  let row = id.y;
  let weight_row = index_of(row) - params.first_row; // of an index before the first: beyond the last
  if (weight_row >= params.rows) {
    return;
  }
  let w = dequant32(weight_row * params.units + id.x, params.plane);
  let o = (row * params.units + id.x) * 8u;
  for (var i = 0u; i < 8u; i++) {
    let v = w[i] * params.scale;
    if (EPILOGUE == ADD) {
      y[o + i] += v;
    } else {
      y[o + i] = v;
    }
  }
}

fn token_of(row: u32) -> u32 {
  let token = row_token(row);
  if (token == ON_DEVICE) {
    return sampled[row_slot(row)];
  }
  return token;
}

fn row_position(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 1u];
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 5u;

fn row_token(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS];
}

const ON_DEVICE: u32 = 0xffffffffu;

@group(0) @binding(3) var<storage, read> sampled: array<u32>; // [slots]

fn row_slot(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 2u];
}

override EPILOGUE: u32 = 0u;

const ADD: u32 = 1u; // y = y + v: the residual stream
