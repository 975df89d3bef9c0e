

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

@group(0) @binding(3) var<storage, read> sampled: array<u32>; // [slots] token chosen last

@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

fn index_of(row: u32) -> u32 {
  if (INDEX == ZERO) {
    return 0u;
  }
  if (INDEX == POSITION) {
    return row_position(row);
  }
  let token = row_token(row);
  if (token == ON_DEVICE) {
    return sampled[row_slot(row)];
  }
  return token;
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

fn row_token(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS];
}

const ON_DEVICE: u32 = 0xffffffffu;

fn row_position(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 1u];
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 5u;

fn row_slot(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 2u];
}

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = unit * 16u;
  return array<vec4f, 8>(quad(o), quad(o + 2u), quad(o + 4u), quad(o + 6u), quad(o + 8u), quad(o + 10u), quad(o + 12u), quad(o + 14u));
}

// What happens to a row's dot product before it is stored.
override EPILOGUE: u32 = 0u;

const ADD: u32 = 1u; // y = y + v: the residual stream

fn quad(o: u32) -> vec4f {
  let a = weights[o];
  let b = weights[o + 1u];
  return bitcast<vec4f>(vec4u(a << 16u, a & 0xffff0000u, b << 16u, b & 0xffff0000u));
}

// BF16: 16 words a unit, two upper halves of f32 a word, the lower first.
@group(0) @binding(2) var<storage, read> weights: array<u32>;